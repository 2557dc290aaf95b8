"""The tables against the fold: every row is what the log says, and no row is missing.

Pure, and made for one pass over many rows: a row is looked up as it comes; per user it is only counted how
many were found. Who lacks some is looked at a second time, row by row (`Missing`).

A node takes a one-time prekey in PostgreSQL before the projection hears of it from the log. So a prekey
that is gone too early is not wrong yet: it is noted in the fold (`Fold.early`), which must come upon its
taking further on.
"""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any, Final
from uuid import UUID

from schema.prekeys import KINDS, Kind
from schema.signal import fingerprint
from workers.replay.fold import Fold
from workers.replay.mailbox import UNKNOWN, envelope_digest
from workers.replay.people import DeviceState, UserState, signed_digest
from workers.replay.prekeys import key_digest
from workers.replay.rows import BLOBS, DEVICES, ENVELOPES, IDENTITIES, MAILBOXES, EnvelopeRow, Row
from workers.replay.violations import Violation


class Comparison:
    """Of the folds with rows; `whose` gives the fold of a user, or None: then the row is passed over."""

    def __init__(self, folds: Collection[Fold], whose: Callable[[UUID], Fold | None]) -> None:
        self._folds = folds
        self._whose = whose
        self._found: dict[int, int] = {}
        self.rows = 0
        self.older = 0
        """Rows of whom or what the log does not have the beginning: nothing can be said of them."""
        self._judges: Final[dict[str, Callable[[Fold, Row], str | bool | None]]] = {
            DEVICES: _device, IDENTITIES: _identity, MAILBOXES: _mailbox, ENVELOPES: _envelope, BLOBS: _blob,
            **{kind.waiting: partial(_prekey, kind) for kind in KINDS},
            **{kind.used: partial(_used, kind) for kind in KINDS},
        }  # fmt: skip

    def take(self, table: str, row: Row) -> None:
        """Looks at one row."""
        fold = self._whose(row[0])
        if fold is None:
            return
        self.rows += 1
        verdict = self._judges[table](fold, row)
        if verdict is True:
            number = row[0].int
            self._found[number] = self._found.get(number, 0) + 1
        elif verdict is None:
            self.older += 1
        elif verdict:
            _wrong(fold, table, row, verdict)

    def suspects(self) -> Iterator[tuple[Fold, UserState]]:
        """Users of whom the log has more than the rows that were found."""
        for fold in self._folds:
            for number, user in fold.users.items():
                if self._found.get(number, 0) != sum(1 for _ in expected(user)):
                    yield fold, user


class Missing:
    """Which rows of a few users are missing. Every row of theirs is taken again; then `name` says."""

    def __init__(self, fold: Fold, user: UserState) -> None:
        self._fold = fold
        self._user = user
        self._left = set(expected(user))

    def take(self, table: str, row: Row) -> None:
        """A row that is there."""
        self._left.discard((table, *row[1 : KEY_LENGTH[table]]))

    def name(self) -> None:
        """Adds what is missing to the fold's violations."""
        for table, *key in sorted(self._left, key=repr):
            if (kind := OF_WAITING.get(table)) is not None:
                self._fold.early.add((self._user.user, *key, kind))
                continue
            device = None if table in OF_NO_DEVICE else key[0]
            self._fold.violations.add(
                Violation(
                    kind="row missing",
                    text=f"{table}: the row {_which(table, key)}is missing; the log has it",
                    partition=self._fold.partition,
                    user=self._user.user,
                    device=device,
                )
            )


def _which(table: str, key: list[Any]) -> str:
    """What the device, which is named anyway, does not say."""
    if table == BLOBS:
        return f"of the file {key[0].hex()} "
    if table == IDENTITIES:
        return f"of the key {key[0].hex()[:16]}… "
    if len(key) == 1:
        return ""
    return f"of {'number' if table == ENVELOPES else 'prekey'} {key[1]} "


OF_NO_DEVICE: Final = (IDENTITIES, BLOBS)
OF_WAITING: Final = {kind.waiting: kind for kind in KINDS}
KEY_LENGTH: Final = {
    DEVICES: 2, IDENTITIES: 2, MAILBOXES: 2, ENVELOPES: 3, BLOBS: 2,
    **dict.fromkeys((table for kind in KINDS for table in (kind.waiting, kind.used)), 3),
}  # fmt: skip


def expected(user: UserState) -> Iterator[tuple[Any, ...]]:
    """The keys (table, rest) of all rows that the log tells of the user."""
    for identity in user.identities:
        yield IDENTITIES, identity.key
    for blob in user.blobs:
        yield BLOBS, blob
    for number, device in user.devices.items():
        if device.published:
            yield DEVICES, number
        if device.closed_at:
            continue
        if device.published or device.mailbox.head != UNKNOWN:
            yield MAILBOXES, number
        mailbox = device.mailbox
        for seq in range(mailbox.base + 1, mailbox.head + 1):
            if mailbox.digest(seq) is not None:
                yield ENVELOPES, number, seq
        for kind in KINDS:
            for prekey in device.one_time(kind).waiting():
                yield kind.waiting, number, prekey
            for prekey in device.one_time(kind).taken():
                yield kind.used, number, prekey


def early_takings(fold: Fold) -> None:
    """At the log's end: names the prekeys that left the table and are not taken in the log."""
    for user, device, prekey, kind in sorted(fold.early, key=lambda row: (*row[:3], row[3].waiting)):
        fold.violations.add(
            Violation(
                kind="row missing",
                partition=fold.partition,
                user=user,
                device=device,
                text=f"{kind.noun} {prekey} was taken in PostgreSQL, and the log does not say so",
            )
        )
    fold.early.clear()


def _unknown(fold: Fold, user: UUID, since: int | None) -> str | None:
    """Of a row that the fold has nothing for: what is wrong, or None when it is older than the log."""
    if fold.complete or user.int in fold.deleted or (since is not None and fold.is_younger(since)):
        return "the log does not have it"
    return None


def _device(fold: Fold, row: Row) -> str | bool | None:
    user, number, registration, *keys, activated, closed = row
    signed, last_resort = keys[:3], keys[3:]
    device = fold.find(user, number)
    if device is None:
        return _unknown(fold, user, activated)
    if not device.published:
        return _unknown(fold, user, activated)
    if closed != device.closed_at:
        return f"closed at {closed or 'no time'}, in the log at {device.closed_at or 'no time'}"
    if activated != device.activated_at and device.first:
        return f"activated at {activated}, in the log at {device.activated_at}"
    if registration != device.registration:
        return f"registration id {registration}, in the log {device.registration}"
    if signed_digest(*signed) != device.signed:
        return "another signed prekey than in the log"
    if device.last_resort not in (None, signed_digest(*last_resort)):
        return "another last-resort KEM prekey than in the log"
    return _same_beginning(device, activated)


def _same_beginning(device: DeviceState, activated: int) -> str | bool:
    """A device whose activation the log shows has its first number there, too."""
    if activated == device.activated_at and device.mailbox.begin > 0:
        return f"its numbers begin with {device.mailbox.begin + 1} in the log, which has its activation"
    return True


def _identity(fold: Fold, row: Row) -> str | bool | None:
    user, key, since, until, printed = row
    state = fold.users.get(user.int)
    found = next((one for one in state.identities if one.key == key), None) if state else None
    if found is None:
        return None if state and not state.known else _unknown(fold, user, since)
    if until != found.until:
        return f"until {until or 'now'}, in the log until {found.until or 'now'}"
    if since != found.since and (state is None or state.known):
        return f"since {since}, in the log since {found.since}"
    return True if printed == fingerprint(key) else "the fingerprint is not the key's"


def _mailbox(fold: Fold, row: Row) -> str | bool | None:
    user, number, *numbers = row
    device = fold.find(user, number)
    if device is None or device.closed_at:
        return _unknown(fold, user, None) if device is None else "the device was closed"
    mailbox = device.mailbox
    known = (mailbox.row_head(), mailbox.cursor, mailbox.floor)
    for name, is_, must in zip(("head", "cursor", "floor"), numbers, known, strict=True):
        if must not in (UNKNOWN, is_):
            return f"{name} {is_}, in the log {must}"
    if not device.published and mailbox.head == UNKNOWN:
        return None
    return True


def _envelope(fold: Fold, row: Row) -> str | bool | None:
    envelope = EnvelopeRow(*row)
    device = fold.find(envelope.user, envelope.device)
    if device is None or device.closed_at:
        return (
            _unknown(fold, envelope.user, envelope.logged_at) if device is None else "the device was closed"
        )
    mailbox = device.mailbox
    must = mailbox.digest(envelope.seq)
    if must is None:
        if envelope.seq <= max(mailbox.cursor, mailbox.floor):
            return f"number {envelope.seq} is kept although it was settled"
        if mailbox.begin != 0 and (mailbox.head == UNKNOWN or envelope.seq <= mailbox.begin):
            return _unknown(fold, envelope.user, envelope.logged_at)
        return f"the log has no number {envelope.seq}"
    digest = envelope_digest(envelope, envelope.logged_at, envelope.body_digest)
    return True if digest == must else f"number {envelope.seq} is not what the log has under it"


def _prekey(kind: Kind, fold: Fold, row: Row) -> str | bool | None:
    user, number, prekey, *key = row
    device = fold.find(user, number)
    if device is None or device.closed_at:
        return _unknown(fold, user, None) if device is None else "the device was closed"
    prekeys = device.one_time(kind)
    must = prekeys.digest(prekey)
    if must is not None:
        return True if must == key_digest(*key) else f"{kind.noun} {prekey} has another key in the log"
    if prekeys.is_taken(prekey):
        return f"{kind.noun} {prekey} is offered although it was taken"
    return _unknown(fold, user, None) if not device.first else f"{kind.noun} {prekey} was never uploaded"


def _used(kind: Kind, fold: Fold, row: Row) -> str | bool | None:
    user, number, prekey, taken_at = row
    device = fold.find(user, number)
    if device is None:
        return _unknown(fold, user, taken_at)
    if device.closed_at:
        return False  # of no use any more; retention clears them
    prekeys = device.one_time(kind)
    if prekeys.is_taken(prekey):
        return True
    if not device.first and not fold.is_younger(taken_at) and prekeys.digest(prekey) is None:
        return None
    fold.early.add((user, number, prekey, kind))
    return False


def _blob(fold: Fold, row: Row) -> str | bool | None:
    user, blob, digest, size, stored_at = row
    state = fold.users.get(user.int)
    kept = None if state is None else state.blobs.get(blob)
    if kept is not None:
        return True if (kept.digest, kept.size) == (digest, size) else f"the file {blob.hex()} is another"
    if state is not None and blob in state.erased:
        return f"the file {blob.hex()} is offered although it was erased"
    return _unknown(fold, user, stored_at)


def _wrong(fold: Fold, table: str, row: Row, text: str) -> None:
    device = None if table in OF_NO_DEVICE else row[1]
    fold.violations.add(
        Violation(kind="row", text=f"{table}: {text}", partition=fold.partition, user=row[0], device=device)
    )
