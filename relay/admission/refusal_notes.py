"""Notes of refusals in the limits log. The rate-limiter worker reads them, and evicts users who continue.

A note is a hint. With the log away, notes are dropped and nothing else happens.
"""

import asyncio
from collections import deque
from typing import Any, Final
from uuid import UUID

import structlog

from schema import codec, keys
from schema.clock import now_ms
from schema.events import Refused
from schema.failures import AWAY

log = structlog.get_logger(__name__)

LOG_SECONDS: Final = 3.0
NOTES_KEPT: Final = 1000
"""Refusals of one node that wait to be noted; beyond that the oldest are forgotten."""
LIMITS_LOG_ENTRIES: Final = 10_000


class RefusalNotes:
    """One node's."""

    def __init__(self, log_client: Any) -> None:
        self._log = log_client
        self._notes: deque[bytes] = deque(maxlen=NOTES_KEPT)
        self._noting: asyncio.Task[None] | None = None

    def note(self, user: UUID, limit: str) -> None:
        """Appends the refusal to the limits log, soon."""
        self._notes.append(codec.encode(Refused(user=user, limit=limit, at=now_ms())))
        if self._noting is None or self._noting.done():
            self._noting = asyncio.get_running_loop().create_task(self._append())

    async def _append(self) -> None:
        while self._notes:
            entry = self._notes.popleft()
            try:
                async with asyncio.timeout(LOG_SECONDS):
                    entries = {codec.EVENT_FIELD: entry}
                    await self._log.xadd(keys.LIMITS_LOG, entries, maxlen=LIMITS_LOG_ENTRIES)
            except AWAY as error:
                log.warning("refusals_not_noted", count=len(self._notes) + 1, error=type(error).__name__)
                self._notes.clear()
