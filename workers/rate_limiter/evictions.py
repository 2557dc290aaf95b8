"""Evictions: a user who is refused again and again is kept out for a minute; the user's sockets are ended.

A client that waits as long as `retry_after_ms` says is never refused often enough to be evicted. The counts
are kept in memory: a worker that takes over counts from zero, so it evicts later, never earlier.
"""

from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import structlog

from schema import functions, inbox, keys
from schema.clock import now_ms
from schema.events import Refused
from workers import metrics
from workers.batches import Batch, Pace

log = structlog.get_logger(__name__)

PACE: Final = Pace(verify_seconds=5.0)
REFUSALS: Final = 30
WITHIN_MS: Final = 60_000
COOLDOWN_MS: Final = 60_000
LIMITS_LOG_ENTRIES: Final = 10_000


class Evictions:
    """Counts refusals per user (a `workers.batches.Handler`) and evicts at `refusals` in `within_ms`."""

    def __init__(
        self,
        board: Any,
        log_client: Any,
        *,
        refusals: int = REFUSALS,
        within_ms: int = WITHIN_MS,
        cooldown_ms: int = COOLDOWN_MS,
        now: Callable[[], int] = now_ms,
    ) -> None:
        self._board = board
        self._log = log_client
        self._refusals = refusals
        self._within_ms = within_ms
        self._cooldown_ms = cooldown_ms
        self._now = now
        self._recent: dict[UUID, deque[int]] = defaultdict(deque)

    async def resume(self) -> None:
        """Begins to count anew."""
        self._recent.clear()

    async def handle(self, batch: Batch[Refused]) -> None:
        """Evicts who went too far, and trims the stream of refusals.

        What was refused long ago (this worker was away) is nothing to cool down for now.
        """
        since = self._now() - self._within_ms
        for entry in batch.entries:
            if entry.event.at <= since:
                continue
            recent = self._recent[entry.event.user]
            recent.append(entry.event.at)
            while recent[0] <= since:
                recent.popleft()
            if len(recent) >= self._refusals:
                del self._recent[entry.event.user]
                await self._evict(entry.event.user)
        self._recent = defaultdict(
            deque, {user: recent for user, recent in self._recent.items() if recent[-1] > since}
        )
        await self._log.xtrim(keys.LIMITS_LOG, maxlen=LIMITS_LOG_ENTRIES, approximate=True)

    async def _evict(self, user: UUID) -> None:
        """First keeps the user out, then ends the sockets: they would be back in between."""
        await self._board.set(keys.cooldown(user), "1", px=self._cooldown_ms)
        value = inbox.end_value(inbox.End(user, None, None, "rate_limited"))
        nodes = await functions.call(self._board, "workers", "evict", [keys.NODES], [str(user), value])
        metrics.EVICTED.inc()
        log.warning("user_evicted", nodes=nodes)
