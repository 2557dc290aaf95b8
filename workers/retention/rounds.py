"""Retention's rounds: expire, trim, erase, clear, sweep, and rewrite when it is due."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import msgspec
import structlog

from workers.failures import AWAY, slug
from workers.retention.clearing import clear
from workers.retention.clock import cautious_now
from workers.retention.erasing import erase
from workers.retention.expiry import expire
from workers.retention.rewriting import rewrite_when_due
from workers.retention.sweeping import sweep
from workers.retention.trimming import trim, trim_quarantine

log = structlog.get_logger(__name__)


class Schedule(msgspec.Struct, frozen=True):
    """An envelope's life and the log's window (ms), and the pauses between rounds and rewrites (seconds)."""

    ttl_ms: int
    round_seconds: float
    rewrite_seconds: float


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
    ) -> None:
        self._database = database
        self._log = log_client
        self._board = board
        self._partitions = partitions
        self._schedule = schedule
        self._now = now

    async def run(self, _partition: int, stopping: asyncio.Event) -> None:
        """Until `stopping`."""
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
        steps: dict[str, Callable[[], Awaitable[Any]]] = {
            "expire": lambda: expire(database, log_client, count, now=now, ttl_ms=life),
            "trim": lambda: trim(database, log_client, count, now=now, window_ms=life),
            "trim_quarantine": lambda: trim_quarantine(log_client, count, now=now, window_ms=life),
            "erase": lambda: erase(database, log_client, count),
            "clear": lambda: clear(database, now=now),
            "sweep": lambda: sweep(self._board),
            "rewrite": lambda: rewrite_when_due(self._board, log_client, self._schedule.rewrite_seconds),
        }
        for name, step in steps.items():
            try:
                await step()
            except AWAY as error:
                log.warning("retention_waits", step=name, error=slug(error))
