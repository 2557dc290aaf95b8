"""Retention's rounds: expire, trim, erase, age, clear, forget, give files up, sweep, and rewrite if due.

Room in the log is made beside them, every second.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Self

import msgspec
import structlog

from schema.blobs import BlobStore
from schema.failures import AWAY, slug
from schema.settings import Settings
from workers import metrics
from workers.archive.ageing import age
from workers.archive.archivist import Archivist
from workers.retention.blobs import DAY_MS, clear_strays, expire_blobs
from workers.retention.clearing import clear, clear_marks, forget_digests
from workers.retention.clock import cautious_now
from workers.retention.erasing import erase
from workers.retention.expiry import expire
from workers.retention.rewriting import rewrite_when_due
from workers.retention.room import Room
from workers.retention.sweeping import sweep
from workers.retention.trimming import Trimmer, trim_quarantine

log = structlog.get_logger(__name__)


class Schedule(msgspec.Struct, frozen=True):
    """An envelope's life and the log's window (ms), the pauses between rounds and rewrites (seconds), and how
    long the archive keeps an entry and a file lives (ms)."""

    ttl_ms: int
    round_seconds: float
    rewrite_seconds: float
    archive_ms: int = 90 * 24 * 3_600_000
    blob_ms: int = 30 * 24 * 3_600_000

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the operator wants it."""
        return cls(
            settings.envelope_ttl_seconds * 1000,
            settings.retention_interval_seconds,
            settings.rewrite_interval_seconds,
            settings.archive_days * DAY_MS,
            settings.blob_ttl_seconds * 1000,
        )


class Retention:
    """One active at a time, by a lease; two at once would do no harm."""

    def __init__(
        self,
        database: Any,
        log_client: Any,
        board: Any,
        partitions: int,
        schedule: Schedule,
        now: Callable[[], int],
        archivist: Archivist | None = None,
        blobs: BlobStore | None = None,
    ) -> None:
        self._database = database
        self._log = log_client
        self._board = board
        self._partitions = partitions
        self._schedule = schedule
        self._now = now
        self._archivist = archivist
        self._blobs = blobs
        self._trimmer = Trimmer(database, log_client, archivist)
        self._room = Room(log_client, partitions, self._trimmer)

    async def run(self, _partition: int, stopping: asyncio.Event) -> None:
        """Until `stopping`."""
        metrics.begin_retention(self._partitions)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._room.run(stopping))
            tasks.create_task(self._rounds(stopping))

    async def _rounds(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            await self.round()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._schedule.round_seconds):
                    await stopping.wait()

    async def round(self) -> None:
        """One round; a step whose server is away, or full, does not keep the others from theirs."""
        try:
            now = await cautious_now(self._database, self._log, self._now)
        except AWAY as error:
            log.warning("retention_waits", step="clock", error=slug(error))
            return
        life = self._schedule.ttl_ms
        database, log_client, count = self._database, self._log, self._partitions
        archive = self._archivist.store if self._archivist else None
        steps: dict[str, Callable[[], Awaitable[Any]]] = {
            "expire": lambda: expire(database, log_client, count, now=now, ttl_ms=life),
            "trim": lambda: self._trimmer.trim_window(count, now=now, window_ms=life),
            "trim_quarantine": lambda: trim_quarantine(log_client, count, now=now, window_ms=life),
            "erase": lambda: erase(database, log_client, count, archive),
            "age": lambda: age(self._archivist, count, before=now - self._schedule.archive_ms),
            "clear": lambda: clear(database, now=now),
            "clear_marks": lambda: self._clear_marks(now),
            "forget_digests": lambda: forget_digests(database, log_client, count),
            "blobs": lambda: self._give_up_blobs(now),
            "sweep": lambda: sweep(self._board),
            "rewrite": lambda: rewrite_when_due(self._board, log_client, self._schedule.rewrite_seconds),
        }
        for name, step in steps.items():
            try:
                await step()
            except AWAY as error:
                log.warning("retention_waits", step=name, error=slug(error))

    async def _give_up_blobs(self, now: int) -> None:
        if self._blobs is not None:
            await expire_blobs(self._database, self._log, self._partitions, self._blobs, now=now)
            life = self._schedule.blob_ms
            await clear_strays(self._database, self._board, self._blobs, now=now, life_ms=life)

    async def _clear_marks(self, now: int) -> None:
        await clear_marks(self._log, await self._trimmer.projected(), now=now)
