"""What a worker is handed: entries of one stream in their order, and what it must answer for."""

from collections.abc import Callable, Mapping
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from schema.positions import Position

LIVES_SECONDS: Final = 1.0
"""A worker that goes on for so long with entries of a dead one did not die of them (`workers.deliveries`)."""

E = TypeVar("E")


class Entry(msgspec.Struct, Generic[E], frozen=True, gc=False):
    """One decoded stream entry; `seq` is the mailbox number beside the event, 0 where it has none."""

    position: Position
    event: E
    seq: int
    fields: Mapping[bytes, bytes]


class Batch(msgspec.Struct, Generic[E], frozen=True):
    """Entries in order, none missing between the last batch and `upto` but those set aside."""

    entries: list[Entry[E]]
    upto: Position


class Superseded(Exception):
    """Another owner has moved on: whoever is told this has nothing to say about the partition."""


class Handler(Protocol[E]):
    """The work of one group on one stream."""

    async def resume(self) -> Position | None:
        """How far this work is known to be committed, or None where the group's own record says it.

        Called when the stream is taken over; nothing of an earlier owner's memory may be kept.
        """

    async def handle(self, batch: Batch[E]) -> None:
        """Commits the batch: when it returns, the entries are acknowledged and never come again.

        A batch with no entries only moves the commit to `upto`. Raises Superseded.
        """


class Source(msgspec.Struct, Generic[E], frozen=True):
    """A stream as one consumer group reads it."""

    stream: str
    group: str
    partition: int
    quarantine: str
    decode: Callable[[Mapping[bytes, bytes]], tuple[E, int]]


class Pace(msgspec.Struct, frozen=True):
    """How a consumer reads: `read` entries at once; once one is there, for up to `linger_seconds`
    further ones, up to `most` or `most_bytes`; `verify_seconds` between looks at who holds what,
    `verify_idle_seconds` where nothing comes; `lives_seconds`: see LIVES_SECONDS."""

    read: int = 500
    most: int = 2000
    most_bytes: int = 8 * 1024 * 1024
    linger_seconds: float = 0.0
    block_seconds: float = 0.5
    verify_seconds: float = 1.0
    verify_idle_seconds: float = 5.0
    lives_seconds: float = LIVES_SECONDS
