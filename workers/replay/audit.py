"""The audit: the fold of the log against PostgreSQL and the directory, of a relay that goes on meanwhile.

How it takes its cuts is told in ops/decisions/2026-11-29-an-audit-of-a-live-relay.md: a snapshot of
PostgreSQL names the position of each partition itself (the checkpoint), and the fold is taken exactly so
far; then it goes on, and the directory is compared at the positions at which it was read.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any, Final
from uuid import UUID

import msgspec

from schema import checkpoints, keys
from schema.blobs import BlobStore
from schema.partitions import partition_of
from schema.positions import START, Position
from workers import quarantine
from workers.replay import directory, rows, standing
from workers.replay.as_read import AsRead, follow
from workers.replay.comparison import Comparison, Missing, early_takings
from workers.replay.fold import Fold
from workers.replay.log_source import Pacer, log_extent
from workers.replay.records import Extent, Page, Source
from workers.replay.report import PartitionReport, Report
from workers.replay.storage import compare_storage
from workers.replay.violations import KEPT, Violation

SNAPSHOT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
ACCOUNTS: Final = "SELECT user_id FROM users"
SUSPECTS_AT_ONCE: Final = 500
APPROACHES: Final = 3
"""How often the checkpoints are followed before the snapshot is taken: what is left then is little."""


class NoCheckpoint(Exception):
    """The database was never projected into."""


class Scope(msgspec.Struct, frozen=True):
    """The scope: some partitions, one user, entries after `after` and up to `upto`. With `upto` the
    log alone is audited: nobody knows what the tables held then."""

    partitions: int
    only: tuple[int, ...]
    user: UUID | None = None
    after: Position = START
    upto: Position | None = None


class Audit:
    """One audit. `progress` is told how many entries were folded just now."""

    def __init__(
        self, source: Source, log_client: Any, scope: Scope, pacer: Pacer, progress: Callable[[int], None]
    ) -> None:
        self._source = source
        self._log = log_client
        self._scope = scope
        self._pacer = pacer
        self._progress = progress
        self._extents: dict[int, Extent] = {}
        self._live: dict[int, Extent] = {}
        """Of the log alone, before anything was folded: whose entries are erased by then is seen deleted."""
        self._folds: dict[int, Fold] = {}
        self._as_read: dict[int, AsRead] = {}
        self._dropped: dict[int, int] = {}
        self._others: dict[int, set[UUID]] = {}
        self._began = time.monotonic()

    async def begin(self) -> int:
        """How many entries there are to be folded; looks at where the log begins and ends."""
        scope = self._scope
        for partition in scope.only:
            self._live[partition] = await log_extent(self._log, partition)
            extent = self._extents[partition] = await self._source.extent(partition)
            dropped = await quarantine.dropped(self._log, partition)
            self._dropped[partition] = sum(
                extent.first is not None and one >= extent.first for one in dropped
            )
            aside = await quarantine.unprojected(self._log, partition)
            fold = self._folds[partition] = Fold(
                partition,
                complete=extent.complete and scope.after == START,
                partitions=scope.partitions,
                set_aside=aside,
            )
            fold.at = min(scope.after, extent.last)
            self._as_read[partition] = AsRead(partition, fold.at, aside, whole=scope.user is None)
            self._others[partition] = set()
        return sum(extent.entries for extent in self._extents.values())

    async def log_alone(self, database: Any = None) -> Report:
        """Folds the stretch of the scope, and compares it with nothing but the digests of what was projected,
        if there is a `database`."""
        reached = await checkpoints.read_all(database, keys.PROJECTOR) if database else {}
        for partition, extent in self._extents.items():
            upto = min(self._scope.upto or extent.last, extent.last)
            await self._fold(partition, min(upto, reached.get(partition, START)), database)
            await self._fold(partition, upto)
        loose = [*self._segments()]
        for partition in self._folds if database else ():
            loose += [found async for found in self._altered(database, partition)]
        return self._report(None, None, None, loose)

    async def run(self, database: Any, blobs: BlobStore | None = None) -> Report:
        """Folds and compares everything; without `blobs` not the files' storage. `database`: a connection
        (autocommit) that nobody else uses. Raises NoCheckpoint, FilesAway."""
        for _ in range(APPROACHES):
            reached = await checkpoints.read_all(database, keys.PROJECTOR)
            self._check_checkpoints(reached)
            for partition in self._folds:
                await self._fold(partition, reached.get(partition, START), database)
        async with snapshot(database):
            reached = await checkpoints.read_all(database, keys.PROJECTOR)
            for partition in self._folds:
                await self._fold(partition, reached.get(partition, START), database)
            comparison = await self._compare_rows(database)
            await self._collect_accounts(database)
        ends = {partition: await self._compare_directory(partition) for partition in self._folds}
        loose = [found async for found in self._standing(database, reached)]
        compared = compare_storage(blobs, self._folds, database, self._fold_on, self._scope.user)
        loose += [found async for found in compared]
        return self._report(comparison, reached, ends, [*self._segments(), *loose])

    def _check_checkpoints(self, reached: dict[int, Position]) -> None:
        for partition, extent in self._extents.items():
            if extent.first is not None and partition not in reached:
                raise NoCheckpoint(
                    f"The database has no checkpoint of partition {partition}: has a projector ever run?"
                )

    async def _fold(self, partition: int, upto: Position, projected: Any = None) -> None:
        """Goes on to there. `projected`: the database, if it has read as far."""
        fold, as_read, user = self._folds[partition], self._as_read[partition], self._scope.user
        if upto <= fold.at:
            return
        async for page in self._source.pages(partition, fold.at, upto):
            self._progress(len(page.records) + len(page.unreadable))
            part = page if user is None else _of(user, page)
            fold.take(part)
            if projected is not None:
                await follow(projected, as_read, page.upto)
                as_read.take(part, fold.last_deletion)
        fold.at = upto
        if projected is not None:
            await follow(projected, as_read, upto)
            as_read.passed(upto)

    async def _compare_rows(self, database: Any) -> Comparison:
        user = self._scope.user
        comparison = Comparison(
            self._folds.values(), lambda user: self._folds.get(partition_of(user, self._scope.partitions))
        )
        async for table, row in rows.read(database, None if user is None else [user]):
            comparison.take(table, row)
        suspects = iter(list(comparison.suspects()))
        while some := {user.user: Missing(fold, user) for fold, user in islice(suspects, SUSPECTS_AT_ONCE)}:
            async for table, row in rows.read(database, list(some)):
                some[row[0]].take(table, row)
            for missing in some.values():
                missing.name()
        return comparison

    async def _collect_accounts(self, database: Any) -> None:
        """Whom the directory might have although the log does not."""
        if self._scope.user is not None:
            self._others[self._scope.only[0]].add(self._scope.user)
            return
        async with database.cursor(name="replay_accounts", binary=True) as cursor:
            await cursor.execute(ACCOUNTS)
            async for (user,) in cursor:
                partition = partition_of(user, self._scope.partitions)
                if partition in self._folds and user.int not in self._folds[partition].users:
                    self._others[partition].add(user)

    async def _compare_directory(self, partition: int) -> Position:
        fold = self._folds[partition]
        await self._fold_on(partition)  # it may have newcomers
        everyone = [*(user.user for user in fold.users.values()), *self._others[partition]]
        users = iter(everyone)
        while some := list(islice(users, directory.AT_ONCE)):
            end, found = await directory.read(self._log, partition, some)
            if end is not None:
                await self._fold(partition, end)
            for user, fields in zip(some, found, strict=True):
                directory.compare(fold, user, fields)
            await self._pacer.wait(len(some))
        await self._fold_on(partition)
        early_takings(fold)
        return fold.at

    async def _fold_on(self, partition: int) -> None:
        await self._fold(partition, (await self._source.extent(partition)).last)

    async def _altered(self, database: Any, partition: int) -> AsyncIterator[Violation]:
        """Entries that are not those that were projected."""
        trimmed = await standing.trimmed(self._log, database, partition, self._live[partition])
        aside = await quarantine.unprojected(self._log, partition)
        deleted = self._folds[partition].last_deletion
        for found in self._as_read[partition].violations(deleted, trimmed, aside):
            yield found

    def _segments(self) -> Iterator[Violation]:
        """The faults of the archive's segments."""
        for partition in self._folds:
            for fault in self._source.faults(partition):
                if not fault.is_note:
                    kind, number = f"segment {fault.kind}", fault.number
                    yield Violation(kind=kind, text=fault.text, partition=partition, segment=number)

    async def _standing(self, database: Any, reached: dict[int, Position]) -> AsyncIterator[Violation]:
        for partition in self._folds:
            extent = await log_extent(self._log, partition)
            async for found in standing.standing(self._log, partition, extent, reached.get(partition, START)):
                yield found
            if self._scope.user is None:
                live, after = self._live[partition], self._scope.after
                deleted = self._folds[partition].last_deletion
                async for found in standing.removals(self._log, database, partition, live, after, deleted):
                    yield found
            async for found in self._altered(database, partition):
                yield found
            async for found in standing.set_aside(self._log, partition):
                yield found
        if 0 in self._folds:  # they belong to no partition
            async for found in standing.refusals_set_aside(self._log):
                yield found

    def _report(
        self,
        comparison: Comparison | None,
        reached: dict[int, Position] | None,
        ends: dict[int, Position] | None,
        loose: Iterable[Violation] = (),
    ) -> Report:
        loose = list(loose)
        found = [*loose, *(violation for fold in self._folds.values() for violation in fold.violations)]
        return Report(
            partitions=[
                self._row(fold, reached, ends, sum(one.partition == partition for one in loose))
                for partition, fold in self._folds.items()
            ],
            violations=found[:KEPT],
            found=len(loose) + sum(len(fold.violations) for fold in self._folds.values()),
            rows=comparison.rows if comparison else 0,
            older_rows=comparison.older if comparison else 0,
            seconds=time.monotonic() - self._began,
            notes=list(self._notes()),
        )

    def _notes(self) -> Iterator[str]:
        for partition in self._folds:
            for fault in self._source.faults(partition):
                if fault.is_note:
                    yield f"partition {partition}: {fault.text}"
            for text in self._as_read[partition].notes():
                yield f"partition {partition}: {text}"
            if count := self._dropped[partition]:
                what = "entry was" if count == 1 else "entries were"
                yield f"partition {partition}: {count} {what} dropped from the quarantine and never projected"

    def _row(
        self, fold: Fold, reached: dict[int, Position] | None, ends: dict[int, Position] | None, loose: int
    ) -> PartitionReport:
        totals, partition = fold.totals, fold.partition
        return PartitionReport(
            partition=partition,
            begins=fold.first,
            complete=fold.complete,
            tables=reached.get(partition) if reached is not None else None,
            directory=ends[partition] if ends is not None else None,
            entries=totals.entries,
            bytes=totals.bytes,
            accepted=totals.accepted,
            delivered=totals.delivered,
            owed=fold.owed(),
            expired=totals.expired,
            dropped=totals.dropped,
            prekeys_taken=totals.taken,
            violations=loose + len(fold.violations),
        )


@asynccontextmanager
async def snapshot(database: Any) -> AsyncIterator[None]:
    """One transaction that sees the database as it is now."""
    async with database.transaction():
        await database.execute(SNAPSHOT)
        yield


def _of(user: UUID, page: Page) -> Page:
    records = [record for record in page.records if record.event.user == user]
    unreadable = [entry for entry in page.unreadable if entry.user in (user, None)]
    return Page(page.partition, records, unreadable, page.upto, page.gap)
