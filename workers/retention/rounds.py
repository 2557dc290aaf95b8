"""Retention's rounds: expire, trim, clear, every so often; rewrite on its own schedule."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import structlog

from workers.failures import AWAY, slug
from workers.retention.clearing import clear
from workers.retention.expiry import expire
from workers.retention.rewriting import rewrite
from workers.retention.trimming import trim

log = structlog.get_logger(__name__)


class Schedule(msgspec.Struct, frozen=True):
    """An envelope's life and the log's window (ms), and the pauses between rounds and rewrites (seconds)."""

    ttl_ms: int
    round_seconds: float
    rewrite_seconds: float


class Retention:
    """One active at a time, by a lease; two at once would do no harm."""

    def __init__(
        self, database: Any, log_client: Any, partitions: int, schedule: Schedule, now: Callable[[], int]
    ) -> None:
        self._database = database
        self._log = log_client
        self._partitions = partitions
        self._schedule = schedule
        self._now = now

    async def run(self, _partition: int, stopping: asyncio.Event) -> None:
        """Until `stopping`."""
        rewritten = time.monotonic()
        while not stopping.is_set():
            try:
                await self.round()
                if time.monotonic() - rewritten >= self._schedule.rewrite_seconds and await rewrite(
                    self._log
                ):
                    rewritten = time.monotonic()
            except AWAY as error:
                log.warning("retention_waits", error=slug(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(self._schedule.round_seconds):
                    await stopping.wait()

    async def round(self) -> None:
        """One round."""
        now, ttl = self._now(), self._schedule.ttl_ms
        await expire(self._database, self._log, self._partitions, now=now, ttl_ms=ttl)
        await trim(self._database, self._log, self._partitions, now=now, window_ms=ttl)
        await clear(self._database, now=now)
