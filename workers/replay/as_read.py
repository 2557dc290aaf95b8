"""The log against the digests of what the projector read: which entries were altered, put in or taken out
since.

`AsRead` is pure. An entry's digest covers its position, so it is enough to look it up; the order of digests
says nothing. Digests are held for the rows that the fold has not passed, so memory is bounded by a few rows.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

import msgspec

from schema.positions import START, Position
from workers.projector import digests
from workers.projector.digests import Row
from workers.replay.records import Page, Record
from workers.replay.violations import Violation

KEPT: Final = 1000
"""Findings of each kind that are named; the others are counted."""


class _Part(msgspec.Struct):
    """A row, or what was appended to one. `altered`: entries in it that have no digest."""

    after: Position
    upto: Position
    digests: list[bytes] | None
    altered: int = 0


class _Stretch(msgspec.Struct):
    """`count` entries behind `after` (of those that no row covers: from there on), up to `upto`."""

    after: Position
    upto: Position
    count: int

    @property
    def entries(self) -> str:
        """How many, in words."""
        return f"{self.count:,} {'entry' if self.count == 1 else 'entries'}"

    @property
    def between(self) -> str:
        """Where, in words."""
        return f"behind {self.after}, up to {self.upto}"


class AsRead:
    """Of one partition, from `begin` on. `set_aside`: positions of entries that were never projected.
    `whole`: every entry is taken, so that those that are gone can be counted."""

    def __init__(
        self, partition: int, begin: Position, set_aside: Collection[Position], *, whole: bool
    ) -> None:
        self.covered = begin
        """Rows were added up to here."""
        self.row = START
        """The beginning of the row that was added last."""
        self.partition = partition
        self._begin = begin
        self._set_aside = set_aside
        self._whole = whole
        self._size = 0
        self._left: set[bytes] = set()
        self._parts: deque[_Part] = deque()
        self._skipped: set[bytes] = set()
        self._archived = START
        self._altered: list[Violation] = []
        self._more = 0
        self._gone: list[_Stretch] = []
        self._uncovered: list[_Stretch] = []
        self._without: _Stretch | None = None

    def add(self, rows: Iterable[Row]) -> None:
        """The rows that come next; the first may be the last one, which has grown."""
        for row in rows:
            known = self._size if row.after == self.row else 0
            found = None if row.digests is None else list(digests.split(row.digests[known:]))
            self._parts.append(_Part(max(row.after, self.covered if known else row.after), row.upto, found))
            self._left.update(found or ())
            self.row, self._size = row.after, len(row.digests or b"")
            self.covered = max(self.covered, row.upto)

    def take(self, page: Page, deleted: Position) -> None:
        """The next page; rows that reach to its end were added. `deleted`: the last deletion of an account so
        far."""
        if page.gap:
            self._begin_anew(page.upto)
        left = self._left
        for record in page.records:
            found = record.entry_digest
            if found in left:
                left.remove(found)
            elif found is None:
                self._archived = record.position
            else:
                self._unknown(record, found)
        if self._gone:
            self._gone = [one for one in self._gone if one.after >= deleted]
        self.passed(page.upto)

    def passed(self, upto: Position) -> None:
        """Everything up to there was taken."""
        parts = self._parts
        while parts and parts[0].upto <= upto:
            part = parts.popleft()
            if not part.digests:
                continue
            left = self._left.intersection(part.digests)
            self._left -= left
            count = len(left - self._skipped) - part.altered
            if count > 0 and self._whole and part.after >= max(self._begin, self._archived):
                self._gone.append(_Stretch(part.after, part.upto, count))

    def violations(
        self, deleted: Position, trimmed: Position, set_aside: Collection[Position]
    ) -> Iterator[Violation]:
        """The violations, when all is read: `deleted` as in `take`, up to where retention `trimmed` the log,
        `set_aside`."""
        for violation in self._altered:
            if violation.position not in set_aside:
                yield violation
        if self._more:
            yield self._violation("altered", f"{self._more:,} more entries are not those that were projected")
        for one in self._gone:
            if one.after >= max(deleted, trimmed):
                text = f"projected, and no longer in the log: {one.entries} {one.between}"
                yield self._violation("gone", text, one.upto)
        for one in self._uncovered:
            if one.upto > trimmed:
                text = f"the database has no digests of {one.entries} from {one.after} to {one.upto}"
                yield self._violation("digests", text, one.upto)

    def notes(self) -> Iterator[str]:
        """The limits of the comparison."""
        if (one := self._without) is not None:
            yield (
                f"an earlier version kept no digests of {one.entries} {one.between}: a body that was altered "
                "there is not found"
            )

    def _begin_anew(self, at: Position) -> None:
        """Nothing is known from before. Entries that were altered stay named."""
        self._begin = max(self._begin, at)
        self._gone.clear()
        self._uncovered.clear()

    def _unknown(self, record: Record, found: bytes) -> None:
        position, event = record.position, record.event
        if position in self._set_aside:
            self._skipped.add(found)
            return
        part = next((part for part in self._parts if part.after < position <= part.upto), None)
        if part is None:
            _extend(self._uncovered, position)
        elif part.digests is None:
            if self._without is None:
                self._without = _Stretch(part.after, position, 0)
            self._without.upto = position
            self._without.count += 1
        else:
            part.altered += 1
            if len(self._altered) == KEPT:
                self._more += 1
                return
            text = "is not the entry that was projected: it was altered, or put in since"
            violation = self._violation("altered", text, position)
            self._altered.append(msgspec.structs.replace(violation, user=event.user, device=event.device))

    def _violation(self, kind: str, text: str, position: Position | None = None) -> Violation:
        return Violation(kind=kind, text=text, partition=self.partition, position=position)


async def follow(database: Any, as_read: AsRead, upto: Position) -> None:
    """Adds the rows that reach up to there, as far as there are some."""
    while as_read.covered < upto:
        found = await digests.read(database, as_read.partition, as_read.row, as_read.covered)
        if not found:
            return
        as_read.add(found)


def _extend(stretches: list[_Stretch], position: Position) -> None:
    """One stretch: where it is interrupted does not matter."""
    if not stretches:
        stretches.append(_Stretch(position, position, 0))
    stretches[0].upto = position
    stretches[0].count += 1
