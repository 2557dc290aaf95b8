"""The unit that everything in replay folds: a log entry, wherever it was read from.

A source is the log itself, an archive of trimmed stretches, or both joined. It yields the records of one
partition in the order of their positions, in bounded pages, so that nothing is awaited per entry.
"""

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Final, Literal, Protocol
from uuid import UUID

import msgspec

from schema.events import EnvelopeAccepted, LogEvent
from schema.positions import Position


class Record(msgspec.Struct, frozen=True, gc=False):
    """One entry of `partition`. `seq` is the mailbox number, or None. `digest` is the SHA-256 of an
    envelope's body where the source brings digests instead of bodies (the body is empty then), else None.
    `size`: bytes of the encoded event. `entry_digest`: of the entry as it stands in the log
    (`workers.projector.digests`), where that was asked for."""

    partition: int
    position: Position
    seq: int | None
    event: LogEvent
    digest: bytes | None = None
    size: int = 0
    entry_digest: bytes | None = None

    def body_digest(self) -> bytes:
        """The SHA-256 of the envelope's body; empty for other events."""
        if self.digest is not None:
            return self.digest
        return sha256(self.event.body).digest() if isinstance(self.event, EnvelopeAccepted) else b""

    @property
    def lacks_body(self) -> bool:
        """Whether it is an envelope of which the source has the digest alone."""
        event = self.event
        return (
            isinstance(event, EnvelopeAccepted)
            and not event.body
            and self.digest not in (None, sha256(b"").digest())
        )


class Unreadable(msgspec.Struct, frozen=True):
    """An entry that cannot be decoded; `user`, if that much can be read."""

    partition: int
    position: Position
    reason: str
    user: UUID | None = None


class Page(msgspec.Struct, frozen=True):
    """Consecutive entries of one partition, up to and including the position `upto`. `gap`: the source lacks
    the entries before this page, so numbers do not go on from the page before."""

    partition: int
    records: list[Record]
    unreadable: list[Unreadable]
    upto: Position
    gap: bool = False


class Extent(msgspec.Struct, frozen=True):
    """The extent of a partition in a source: `entries` from `first` (None: nothing) to `last`. `complete`:
    nothing was ever before `first`. `removed_upto`: the newest entry that was removed singly, not by
    trimming."""

    first: Position | None
    last: Position
    complete: bool
    entries: int = 0
    removed_upto: Position | None = None


FaultKind = Literal["missing", "changed", "reordered", "altered", "unarchived", "restored"]
NOTED: Final[frozenset[FaultKind]] = frozenset({"unarchived", "restored"})
"""No tampering: the relay itself says that it trimmed the log without an archive, or that the log was lost or
restored from a copy."""


class Fault(msgspec.Struct, frozen=True):
    """A fault of an archive's segment `number`, or before it (0: of the log)."""

    kind: FaultKind
    partition: int
    number: int
    text: str

    @property
    def is_note(self) -> bool:
        """Whether it limits what can be said, and is no violation."""
        return self.kind in NOTED


class Overtaken(Exception):
    """Entries were trimmed while they were about to be read."""


class Source(Protocol):
    """Where records are read from. One that joins an archive and the log begins where the archive does, is
    `complete` if that reaches back to the relay's beginning, and leaves no position out where one ends and
    the other begins."""

    async def extent(self, partition: int) -> Extent:
        """The partition's present extent."""

    async def lacks(self, partition: int, after: Position) -> Position | None:
        """The position up to which entries behind `after` left this source, so that a reader who begins
        there misses them; None when it begins with the next one. Gaps further on: see Page."""

    def pages(self, partition: int, after: Position, upto: Position) -> AsyncIterator[Page]:
        """Everything in (after, upto], in order. Raises Overtaken."""

    def faults(self, partition: int) -> list[Fault]:
        """What was found wrong with the source itself, in what was read so far."""
