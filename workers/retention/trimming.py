"""Trimming: the log keeps its window, and whatever someone still has to read; the quarantine its window.

Invariant: a partition is trimmed neither past the window's begin nor past its boundary
(`workers.retention.boundary`), and nothing is trimmed that the archive does not have, unless there is none.
Where there is no boundary nothing is trimmed, and the log says so loudly.
"""

import asyncio
from typing import Any, Final

import structlog

from schema import keys
from workers import metrics
from workers.archive import heads
from workers.archive.archivist import Archivist
from workers.archive.header import Changed
from workers.archive.reading import before_first
from workers.archive.store import StoreAway
from workers.positions import Position
from workers.projector import checkpoints
from workers.retention.boundary import ReaderMissing, boundary

log = structlog.get_logger(__name__)

STEP: Final = 20_000
"""Entries that leave the log in one command: it serves nobody else meanwhile (a few milliseconds)."""
AHEAD: Final = 30
"""The archive is written ahead by this part of the window, so that a quiet partition has a segment a day."""


class Trimmer:
    """Takes the oldest entries off the log once the archive has them. One at a time."""

    def __init__(self, database: Any, log_client: Any, archivist: Archivist | None) -> None:
        self.archivist = archivist
        self._database = database
        self._log = log_client
        self._turn = asyncio.Lock()

    async def trim_window(self, partitions: int, *, now: int, window_ms: int) -> int:
        """Trims every partition (`now` in ms) to its window; how many entries went."""
        projected = await self.projected()
        window = Position(max(0, now - window_ms), 0)
        ahead = Position(window.ms + window_ms // AHEAD, 0)
        trimmed = 0
        for partition in range(partitions):
            if not await self._log.exists(keys.log(partition)):
                continue  # nothing was ever said there
            try:
                limit = await boundary(self._log, partition, projected)
                async with self._turn:
                    trimmed += await self._to(partition, min(window, limit), min(ahead, limit))
            except (ReaderMissing, Changed, StoreAway) as error:
                refused(partition, error)
        return trimmed

    async def trim_oldest(self, partition: int, limit: Position) -> int:
        """Trims the oldest stretch before `limit`, one segment at most; how many entries went.

        Raises StoreAway, Changed: the archive cannot take it.
        """
        async with self._turn:
            if self.archivist is None:
                return await self._trim(partition, limit, approximate=True)
            head = await self.archivist.head(partition)
            count = await self._trim(partition, min(limit, head.last.next()), approximate=True)
            if count == 0:
                head = await self.archivist.write(partition, limit)
                count = await self._trim(partition, min(limit, head.last.next()), approximate=True)
            return count

    async def _to(self, partition: int, wanted: Position, ahead: Position) -> int:
        """Trims everything before `wanted`; the archive is written up to `ahead` while at it."""
        trimmed = 0
        if self.archivist is not None:
            head = await self.archivist.head(partition)
            while head.last.next() < wanted:
                written = await self.archivist.write(partition, ahead)
                if written == head:
                    break  # it has everything before `ahead`
                head = written
                trimmed += await self._trim_all(partition, min(wanted, head.last.next()))
        return trimmed + await self._trim_all(partition, wanted)

    async def _trim_all(self, partition: int, before: Position) -> int:
        trimmed = 0
        while count := await self._trim(partition, before, approximate=True):
            trimmed += count
        return trimmed + await self._trim(partition, before, approximate=False)

    async def _trim(self, partition: int, before: Position, *, approximate: bool) -> int:
        """One command. An approximate one takes whole nodes of the stream, STEP entries at most."""
        if self.archivist is None:
            await self._note_hole(partition, before)
        count: int = await self._log.xtrim(
            keys.log(partition),
            minid=str(before),
            approximate=approximate,
            limit=STEP if approximate else None,
        )
        if self.archivist is None:
            await self._note_hole(partition, min(before, await before_first(self._log, partition)))
        metrics.TRIMMED.labels(partition).inc(count)
        return count

    async def _note_hole(self, partition: int, upto: Position) -> None:
        """On record before the trim, and exactly after it: what goes without an archive is never taken for
        archived."""
        async with self._database.connection() as connection:
            await heads.record_trimmed(connection, partition, upto)

    async def projected(self) -> dict[int, Position]:
        """The projector's checkpoints."""
        async with self._database.connection() as connection:
            return await checkpoints.read_all(connection, keys.PROJECTOR)


def refused(partition: int, error: Exception) -> None:
    """Says that a partition was not trimmed, and why."""
    why = str(error) if isinstance(error, ReaderMissing) else f"archive: {error}"
    metrics.TRIM_REFUSED.labels(why).inc()
    log.error("partition_not_trimmed", partition=partition, why=why)


async def trim_quarantine(log_client: Any, partitions: int, *, now: int, window_ms: int) -> int:
    """Trims what was set aside longer ago than the window (`now` in ms); how many entries went.

    Nobody reads it but the operator; and what cannot be read cannot be erased with its account.
    """
    window = str(Position(max(0, now - window_ms), 0))
    streams = [*(keys.quarantine(partition) for partition in range(partitions)), keys.LIMITS_QUARANTINE]
    trimmed = 0
    for stream in streams:
        trimmed += await log_client.xtrim(stream, minid=window, approximate=False)
    return trimmed
