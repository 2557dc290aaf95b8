"""A partition's chain of segments, verified from its floor to its head.

Invariant: `segments` are exactly those whose header the relay signed and which stand where the chain names
them. Whatever else there is, or is missing, is a fault with the segment's number in it.
"""

from typing import Final

import msgspec

from schema.positions import START, Position
from schema.relay_keys import PublicKeys
from workers.archive import floor as floors
from workers.archive import store as places
from workers.archive.floor import Floor
from workers.archive.header import Changed, Head
from workers.archive.heads import Recorded
from workers.archive.segment import START_BYTES, Opened, open_start
from workers.archive.store import NotThere, Store
from workers.replay.records import Fault

ANYWHERE: Final = Position(2**64, 0)


class Chain(msgspec.Struct, frozen=True):
    """The segments of a partition, in order. `after_gap`: the numbers of those that do not continue the one
    before. `lost_upto`: behind the last segment, entries up to there are in no segment that can be read
    (ANYWHERE: nobody knows up to where)."""

    partition: int
    floor: Floor
    segments: list[Opened]
    faults: list[Fault]
    after_gap: frozenset[int] = frozenset()
    lost_upto: Position = START

    @property
    def last(self) -> Position:
        """Up to where it has everything."""
        return self.segments[-1].header.last if self.segments else self.floor.last

    @property
    def complete(self) -> bool:
        """Whether it begins with the relay."""
        first = self.segments[0].header if self.segments else None
        return first is not None and first.number == 1 and first.after == START

    @property
    def entries(self) -> int:
        """How many entries the segments hold."""
        return sum(opened.header.count for opened in self.segments)


async def read(store: Store, partition: int, keys: PublicKeys, recorded: Recorded | None = None) -> Chain:
    """The partition's chain. `recorded`: what the database says of it, if that is known."""
    found = await _read(store, partition, keys, recorded)
    while any(fault.kind == "missing" for fault in found.faults):
        again = await _read(store, partition, keys, recorded)
        if again.floor == found.floor:
            return again
        found = again  # segments went because their time was over
    return found


async def _read(store: Store, partition: int, keys: PublicKeys, recorded: Recorded | None) -> Chain:
    faults: list[Fault] = []
    try:
        floor = await floors.read(store, partition, keys)
    except Changed as error:
        floor = Floor(partition=partition)
        faults.append(Fault("changed", partition, 0, str(error)))
    numbers = {number for number in await store.numbers(partition) if number >= floor.number}
    newest = max(numbers, default=floor.number - 1)
    expected = recorded.head if recorded else Head()
    segments: list[Opened] = []
    after_gap: set[int] = set()
    digest, last = floor.previous, floor.last
    for number in range(floor.number, max(newest, expected.number) + 1):
        opened = await _open(store, partition, number, keys, faults) if number in numbers else None
        if number not in numbers:
            faults.append(Fault("missing", partition, number, f"segment {number} is missing"))
        if opened is None:
            digest = b""  # nothing is known to compare the next one with
            continue
        wrong = _place(opened, digest, last)
        if wrong or not digest:
            after_gap.add(number)
        faults += wrong
        if number == expected.number and opened.digest != expected.digest:
            text = f"segment {number} is not the one that the database names"
            faults.append(Fault("changed", partition, number, text))
        segments.append(opened)
        digest, last = opened.digest, opened.header.last
    trimmed = recorded.trimmed if recorded else START
    if trimmed > last:
        text = f"the log was trimmed without an archive between {last} and {trimmed.next()}"
        faults.append(Fault("unarchived", partition, newest + 1, text))
    return Chain(partition, floor, segments, faults, frozenset(after_gap), trimmed if digest else ANYWHERE)


async def _open(
    store: Store, partition: int, number: int, keys: PublicKeys, faults: list[Fault]
) -> Opened | None:
    try:
        start = await store.read_start(places.segment_name(partition, number), START_BYTES)
        opened = open_start(start, keys)
    except NotThere:
        faults.append(Fault("missing", partition, number, f"segment {number} went while it was read"))
        return None
    except Changed as error:
        faults.append(Fault("changed", partition, number, f"segment {number}: {error}"))
        return None
    header = opened.header
    if (header.partition, header.number) != (partition, number):
        text = f"in the place of segment {number} is segment {header.number} of partition {header.partition}"
        faults.append(Fault("reordered", partition, number, text))
        return None
    if header.altered:
        at, more = ", ".join(map(str, header.altered_at)), header.altered - len(header.altered_at)
        text = f"segment {number}: altered in the log before it was written: {at}"
        text += f" and {more:,} more" if more else ""
        faults.append(Fault("altered", partition, number, text))
    return opened


def _place(opened: Opened, digest: bytes, last: Position) -> list[Fault]:
    """The fault of the segment's place in the chain; an unknown `digest` is empty."""
    header = opened.header
    where = header.partition, header.number
    if not digest:
        return []
    if header.previous != digest:
        return [Fault("changed", *where, f"segment {header.number} does not name the one before it")]
    if header.after < last:
        return [Fault("changed", *where, f"segment {header.number} begins before the one before it ends")]
    if header.after > last:
        between = f"between {last} and {header.after.next()}"
        if header.restored:
            text = f"the log was lost or restored from a copy; entries {between} may be missing"
            return [Fault("restored", *where, text)]
        text = f"the log was trimmed without an archive {between}"
        return [Fault("unarchived", *where, text)]
    return []
