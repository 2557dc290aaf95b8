"""Trimming: the log keeps its window, and whatever someone still has to read; the quarantine its window.

Invariant: a partition is trimmed neither past the window's begin nor past its boundary
(`workers.retention.boundary`). What the archive does not have is trimmed only where there is none, or by age
while it is away; then it is on record (`archive_heads.trimmed`). Where there is no boundary nothing is
trimmed, and the log says so loudly.
"""

import asyncio
from typing import Any, Final

import msgspec
import structlog

from schema import checkpoints, functions, keys
from schema.positions import START, Position
from workers import metrics, quarantine
from workers.archive import heads
from workers.archive.archivist import Archivist
from workers.archive.header import Changed, Head
from workers.archive.reading import before_first
from workers.archive.store import StoreAway
from workers.retention.boundary import ReaderMissing, boundary

log = structlog.get_logger(__name__)

STEP: Final = 20_000
"""Entries that leave the log in one command: it serves nobody else meanwhile (a few milliseconds)."""
AHEAD: Final = 30
"""The archive is written ahead by this part of the window, a day …"""
LEAST_AHEAD: Final = 60
"""… as soon as it is ahead by less than this part: no segment in every round, and an archive that is away for
half a day loses nothing."""


class _Bounds(msgspec.Struct, frozen=True):
    """Of one partition: everything before `wanted` goes; the archive has what is before `least`, and is
    written up to `ahead` when it has not."""

    wanted: Position
    least: Position
    ahead: Position

    def within(self, limit: Position) -> "_Bounds":
        """None of them past `limit`."""
        return _Bounds(min(self.wanted, limit), min(self.least, limit), min(self.ahead, limit))


class _Round(msgspec.Struct):
    """One round by age: entries that went, those of them that no segment has, and why not."""

    trimmed: int = 0
    lost: int = 0
    away: StoreAway | None = None
    why: str = "SEALSTREAM_ARCHIVE=off"


class Trimmer:
    """Takes the oldest entries off the log once the archive has them. One at a time."""

    def __init__(self, database: Any, log_client: Any, archivist: Archivist | None) -> None:
        self.archivist = archivist
        self._database = database
        self._log = log_client
        self._turn = asyncio.Lock()

    async def trim_window(self, partitions: int, *, now: int, window_ms: int) -> int:
        """Trims every partition (`now` in ms) to its window; how many entries went. What is older goes also
        when the archive cannot take it: that ciphertext leaves was promised first."""
        projected = await self.projected()
        begin = max(0, now - window_ms)
        bounds = _Bounds(
            Position(begin, 0),
            Position(begin + window_ms // LEAST_AHEAD, 0),
            Position(begin + window_ms // AHEAD, 0),
        )
        done = _Round()
        for partition in range(partitions):
            if not await self._log.exists(keys.log(partition)):
                continue  # nothing was ever said there
            try:
                limit = await boundary(self._log, partition, projected)
            except ReaderMissing as error:
                refused(partition, error)
                continue
            async with self._turn:
                await self._by_age(partition, bounds.within(limit), done)
        if done.lost:
            log.error("log_trimmed_without_archive", entries=done.lost, why=done.why)
        elif done.away is not None:
            log.error("archive_away", error=str(done.away))
        return done.trimmed

    async def trim_oldest(self, partition: int, limit: Position) -> int:
        """Trims the oldest stretch before `limit`, one segment at most; how many entries went.

        Raises StoreAway, Changed: the archive cannot take it.
        """
        async with self._turn:
            if self.archivist is None:
                return await self._trim_unarchived(partition, limit, approximate=True)
            head = await self.archivist.head(partition)
            count = await self._trim(partition, min(limit, head.last.next()), approximate=True)
            if count == 0:
                head = await self.archivist.write(partition, limit)
                count = await self._trim(partition, min(limit, head.last.next()), approximate=True)
            return count

    async def _by_age(self, partition: int, bounds: _Bounds, done: _Round) -> None:
        if self.archivist is not None and done.away is None:
            try:
                await self._archive(self.archivist, partition, bounds, done)
            except StoreAway as error:  # so it is for the other partitions
                done.away, done.why = error, f"archive: {error}"
            except Changed as error:
                done.why = f"archive: {error}"
                log.error("partition_not_archived", partition=partition, why=str(error))  # noqa: TRY400 - no bug
            else:
                done.trimmed += await self._trim_all(partition, bounds.wanted)
                return
        covered = (await self._recorded(partition)).head.last.next()
        done.trimmed += await self._trim_all(partition, min(bounds.wanted, covered))
        gone = 0
        while count := await self._trim_unarchived(partition, bounds.wanted, approximate=True):
            gone += count
        gone += await self._trim_unarchived(partition, bounds.wanted, approximate=False)
        done.trimmed += gone
        done.lost += gone

    async def _archive(self, archivist: Archivist, partition: int, bounds: _Bounds, done: _Round) -> None:
        """The archive has everything before `wanted`; while it is written, what it has is trimmed."""
        head = await archivist.head(partition)
        while await self._has(partition, head.last.next(), max(bounds.wanted, bounds.least)):
            written = await archivist.write(partition, bounds.ahead)
            if written == head:
                break  # the rest went before there was an archive
            head = written
            done.trimmed += await self._trim_all(partition, min(bounds.wanted, head.last.next()))

    async def _trim_all(self, partition: int, before: Position) -> int:
        trimmed = 0
        while count := await self._trim(partition, before, approximate=True):
            trimmed += count
        return trimmed + await self._trim(partition, before, approximate=False)

    async def _trim_unarchived(self, partition: int, before: Position, *, approximate: bool) -> int:
        """One command. What goes and is in no segment is on record before the trim, and exactly after it."""
        covered = (await self._recorded(partition)).head.last.next()
        if not await self._has(partition, covered, before):
            return await self._trim(partition, before, approximate=approximate)
        await self._note_hole(partition, before)
        count = await self._trim(partition, before, approximate=approximate)
        await self._note_hole(partition, min(before, await before_first(self._log, partition)))
        return count

    async def _trim(self, partition: int, before: Position, *, approximate: bool) -> int:
        """One command. An approximate one takes whole nodes of the stream, STEP entries at most."""
        names = [keys.log(partition), keys.trimmed(partition)]
        limit = STEP if approximate else 0
        count: int = await functions.call(self._log, "workers", "trim", names, [str(before), limit])
        metrics.TRIMMED.labels(partition).inc(count)
        return count

    async def _has(self, partition: int, begin: Position, end: Position) -> bool:
        """Whether the log has an entry in [`begin`, `end`)."""
        return begin < end and bool(
            await self._log.xrange(keys.log(partition), str(begin), f"({end}", count=1)
        )

    async def _note_hole(self, partition: int, upto: Position) -> None:
        async with self._database.connection() as connection:
            await heads.record_trimmed(connection, partition, upto)
        if self.archivist is not None:
            self.archivist.go_on_behind(partition, upto)

    async def _recorded(self, partition: int) -> heads.Recorded:
        async with self._database.connection() as connection:
            return (await heads.read_all(connection)).get(partition, heads.Recorded(Head(), START))

    async def projected(self) -> dict[int, Position]:
        """The projector's checkpoints."""
        async with self._database.connection() as connection:
            return await checkpoints.read_all(connection, keys.PROJECTOR)


def refused(partition: int, error: Exception) -> None:
    """Logs that a partition was not trimmed, and why."""
    why = str(error) if isinstance(error, ReaderMissing) else f"archive: {error}"
    metrics.TRIM_REFUSED.labels(why).inc()
    log.error("partition_not_trimmed", partition=partition, why=why)


async def trim_quarantine(log_client: Any, partitions: int, *, now: int, window_ms: int) -> int:
    """Trims what was set aside longer ago than the window (`now` in ms); how many entries went.

    Nobody reads it but the operator; and what cannot be read cannot be erased with its account.
    """
    window, trimmed = Position(max(0, now - window_ms), 0), 0
    for partition in (*range(partitions), None):
        stream = keys.LIMITS_QUARANTINE if partition is None else keys.quarantine(partition)
        if not await log_client.xrange(stream, "-", f"({window}", count=1):
            continue
        old = []
        async for entry in quarantine.read(log_client, stream):
            if Position.parse(entry.id) >= window:
                break
            old.append(msgspec.structs.replace(entry, fields={}))
        await quarantine.drop(log_client, partition, old)
        trimmed += len(old)
    return trimmed
