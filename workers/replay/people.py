"""A user as the log tells it: identities, and devices with their mailboxes and prekeys."""

from hashlib import blake2b
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from schema.events import BlobStored, IdentitySet, SignedPrekey
from schema.prekeys import KEM, NO_LAST_RESORT, Kind
from workers.replay.mailbox import Mailbox
from workers.replay.prekeys import Prekeys

DIGEST: Final = 16


def signed_digest(prekey: int, key: bytes, signature: bytes) -> bytes:
    """The part of a signed prekey that the fold keeps."""
    return blake2b(b"%d " % prekey + key + signature, digest_size=DIGEST).digest()


NO_KEM: Final = signed_digest(*msgspec.structs.astuple(NO_LAST_RESORT))
"""Of a device that published no KEM prekey."""


class DeviceState:
    """`published`: the log shows when; else the device is older than the log. `closed_at` is 0 while it is
    active; then neither mailbox nor prekeys are kept."""

    __slots__ = (
        "activated_at",
        "closed_at",
        "first",
        "kem_prekeys",
        "last_resort",
        "mailbox",
        "prekeys",
        "published",
        "registration",
        "signed",
    )

    def __init__(self, *, known: bool) -> None:
        self.published = False
        self.first = known
        """Its numbers begin at 1 within the log, for certain."""
        self.registration = 0
        self.signed = b""
        self.last_resort: bytes | None = NO_KEM if known else None
        """None: the log does not have it."""
        self.activated_at = 0
        self.closed_at = 0
        self.mailbox = Mailbox(known=known)
        self.prekeys = Prekeys()
        self.kem_prekeys = Prekeys()

    def sign(self, signed: SignedPrekey) -> None:
        """The signed prekey is another one."""
        self.signed = signed_digest(signed.id, signed.key, signed.signature)

    def set_last_resort(self, prekey: SignedPrekey | None, *, anew: bool = False) -> None:
        """The last-resort KEM prekey is another one. With None it stays; with `anew` there is none then."""
        if prekey is not None:
            self.last_resort = signed_digest(prekey.id, prekey.key, prekey.signature)
        elif anew:
            self.last_resort = NO_KEM

    def one_time(self, kind: Kind) -> Prekeys:
        """The one-time prekeys of that kind."""
        return self.kem_prekeys if kind is KEM else self.prekeys

    def close(self, at: int) -> int:
        """For good; how many envelopes were owed and went with it."""
        dropped = self.mailbox.count_owed()
        self.closed_at = at or 1
        self.mailbox = CLOSED_MAILBOX
        self.prekeys = self.kem_prekeys = NO_PREKEYS
        return dropped


class Identity:
    """One identity key that a user had; `until` is 0 for the present one."""

    __slots__ = ("key", "since", "until")

    def __init__(self, key: bytes, since: int) -> None:
        self.key = key
        self.since = since
        self.until = 0


class Kept(NamedTuple):
    """A blob that was stored: the SHA-256 of its `size` bytes, since when and until when it stays (ms)."""

    digest: bytes
    size: int
    at: int
    until: int


class UserState:
    """`known`: the log has everything that was ever said about the user. `blobs` were stored and not erased,
    `erased` are the others."""

    __slots__ = ("blobs", "devices", "erased", "identities", "identity", "known", "user")

    def __init__(self, user: UUID, *, known: bool) -> None:
        self.user = user
        self.known = known
        self.identity: bytes | None = None
        self.identities: list[Identity] = []
        self.devices: dict[int, DeviceState] = {}
        self.blobs: dict[bytes, Kept] = {}
        self.erased: set[bytes] = set()

    def identify(self, event: IdentitySet) -> None:
        """The identity key is a present one; a replacement ends the others."""
        self.identity = event.identity_key
        found = next((row for row in self.identities if row.key == event.identity_key), None)
        if found is None:
            self.identities.append(Identity(event.identity_key, event.at))
        if event.change == "replaced":
            for row in self.identities:
                is_other = row.key != event.identity_key
                row.until = (row.until or event.at or 1) if is_other else 0

    def is_under(self, identity: bytes) -> bool:
        """Whether that identity key is a present one, as far as the log tells; an empty one is of an entry
        that does not say."""
        present = [row.key for row in self.identities if not row.until]
        return not identity or not present or identity in present

    def wrong_change(self, event: IdentitySet, *, certain: bool) -> str | None:
        """The fault of a change of the identity, if any. `certain`: without one so far, there was none."""
        key, change = self.identity, event.change
        if key is None:
            is_wrong = change != "first" and certain
            return f"the identity was {change} and there was none" if is_wrong else None
        if change == "first":
            return "a first identity, and there was one"
        if (change == "added") != (key == event.identity_key):
            same = "the same" if key == event.identity_key else "another"
            return f"the identity was {change} by {same} key"
        return None

    def store(self, event: BlobStored) -> str | None:
        """A blob was stored, which may be said twice, also late; what is wrong with it."""
        kept = Kept(event.digest, event.size, event.at, event.until)
        if event.blob in self.erased:
            return None
        if self.blobs.setdefault(event.blob, kept) != kept:
            return f"the file {event.blob.hex()} was stored again, and is another"
        return None

    def erase(self, blob: bytes) -> None:
        """A blob was erased."""
        self.blobs.pop(blob, None)
        self.erased.add(blob)


CLOSED_MAILBOX: Final = Mailbox(known=True)
"""Shared by all devices that are closed; never changed."""
NO_PREKEYS: Final = Prekeys()
