"""Histories for the bench: what a relay would log of one person, without a relay. Pure.

Invariant: every rule that the audit checks holds. Numbers are gapless, an acknowledgement or an expiry moves
forward over what is owed, a one-time prekey is uploaded once and taken once.
"""

from collections import deque
from random import Random
from typing import Final
from uuid import UUID

from schema.events import (
    EnvelopeAccepted,
    EnvelopesAcknowledged,
    EnvelopesExpired,
    IdentitySet,
    LogEvent,
    Prekey,
    PrekeysUploaded,
    PrekeyTaken,
    SignedPrekey,
    SignedPrekeySet,
)

ABSENT_EVERY: Final = 50
"""One person in so many never acknowledges: their envelopes expire."""
EXPIRES: Final = 100
"""Envelopes that wait for an absent person before they expire …"""
STAYS: Final = 20
"""… but for the newest."""
ACKNOWLEDGES: Final = 4
"""Envelopes per acknowledgement, as under load."""
TAKES: Final = 100
"""A one-time prekey is taken after so many envelopes."""
ROTATES: Final = 1000
"""The signed prekey is replaced after so many envelopes."""
PREKEYS: Final = 100
UPLOADS: Final = 50
LOW: Final = 20
DEVICE: Final = 1

Said = tuple[int | None, LogEvent]
"""An event, and the mailbox number beside it, if it has one."""


class Person:
    """One user with one device: `next` makes the history go on, the attributes say where it stands."""

    def __init__(self, user: UUID, random: Random, *, absent: bool, body: int) -> None:
        self.user = user
        self.identity_key = _key(random)
        self.since = 0
        self.signed = SignedPrekey(1, _key(random), random.randbytes(64))
        self.registration_id = random.randrange(1, 16380)
        self.head = self.cursor = self.floor = self.expired = 0
        self.waiting: dict[int, bytes] = {}
        """One-time prekeys that may be taken: id → key."""
        self.taken: dict[int, int] = {}
        """Prekey id → when it was taken (ms)."""
        self.owed: deque[tuple[int, EnvelopeAccepted]] = deque()
        """Numbers and envelopes that nobody acknowledged and that did not expire, in order."""
        self._random = random
        self._absent = absent
        self._body = body
        self._sender = UUID(bytes=random.randbytes(16))
        self._uploaded = 0
        self._due: deque[Said] = deque()

    def next(self, at: int) -> Said:
        """The next entry, of that time (ms)."""
        if not self.since:
            return self._begin(at)
        if not self._due:
            self._go_on(at)
        return self._due.popleft()

    @property
    def is_due(self) -> bool:
        """Whether the next entry belongs to the one before: the attributes have it already."""
        return bool(self._due)

    def _begin(self, at: int) -> Said:
        self.since = at
        self._due.append((None, self._upload(PREKEYS, at)))
        return None, IdentitySet(
            user=self.user, device=DEVICE, at=at, change="first", identity_key=self.identity_key,
            registration_id=self.registration_id, signed_prekey=self.signed,
        )  # fmt: skip

    def _go_on(self, at: int) -> None:
        """At least one entry is due afterwards."""
        if self._absent and len(self.owed) >= EXPIRES:
            self._due.append(self._expire(self.head - STAYS, at))
        elif not self._absent and len(self.owed) >= ACKNOWLEDGES:
            self._due.append(self._acknowledge(at))
        else:
            self._due.append(self._accept(at))
            if self.head % TAKES == 0:
                self._due.append((None, self._take(at)))
                if len(self.waiting) < LOW:
                    self._due.append((None, self._upload(UPLOADS, at)))
            if self.head % ROTATES == 0:
                self._due.append((None, self._rotate(at)))

    def _accept(self, at: int) -> Said:
        random = self._random
        event = EnvelopeAccepted(
            user=self.user, device=DEVICE, at=at, id=UUID(int=random.getrandbits(128)),
            from_user=self._sender, from_device=1, kind="message", body=random.randbytes(self._body),
        )  # fmt: skip
        self.head += 1
        self.owed.append((self.head, event))
        return self.head, event

    def _acknowledge(self, at: int) -> Said:
        self.cursor = self.head
        self.owed.clear()
        return self.cursor, EnvelopesAcknowledged(user=self.user, device=DEVICE, at=at)

    def _expire(self, upto: int, at: int) -> Said:
        count = upto - self.floor
        for _ in range(count):
            self.owed.popleft()
        self.floor, self.expired = upto, self.expired + count
        return upto, EnvelopesExpired(user=self.user, device=DEVICE, at=at, count=count)

    def _take(self, at: int) -> PrekeyTaken:
        number = next(iter(self.waiting))
        del self.waiting[number]
        self.taken[number] = at
        return PrekeyTaken(user=self.user, device=DEVICE, at=at, prekey_id=number)

    def _upload(self, count: int, at: int) -> PrekeysUploaded:
        ids = range(self._uploaded + 1, self._uploaded + count + 1)
        self._uploaded += count
        prekeys = tuple(Prekey(number, _key(self._random)) for number in ids)
        self.waiting.update((prekey.id, prekey.key) for prekey in prekeys)
        return PrekeysUploaded(
            user=self.user, device=DEVICE, at=at, prekeys=prekeys, identity=self.identity_key
        )

    def _rotate(self, at: int) -> SignedPrekeySet:
        self.signed = SignedPrekey(self.signed.id + 1, _key(self._random), self._random.randbytes(64))
        return SignedPrekeySet(
            user=self.user, device=DEVICE, at=at, signed_prekey=self.signed, identity=self.identity_key
        )


def _key(random: Random) -> bytes:
    return b"\x05" + random.randbytes(32)
