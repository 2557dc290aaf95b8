"""Who keeps hitting a limit is cooled down: nothing of theirs is admitted for a while, their sockets end."""

from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog

from schema import codec, functions, inbox, keys
from schema.events import Refused
from workers import metrics
from workers.batches import Batch, Pace

log = structlog.get_logger(__name__)

PACE: Final = Pace(verify_seconds=5.0)


class Patience(msgspec.Struct, frozen=True):
    """`refusals` within `window_ms` are one too many; then the user cools down for `cooldown_ms`."""

    refusals: int = 30
    window_ms: int = 60_000
    cooldown_ms: int = 60_000


class Tally:
    """Counts each user's refusals within the window; pure."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._seen: dict[UUID, deque[int]] = defaultdict(deque)

    def count(self, refused: Refused) -> bool:
        """Whether this refusal ends the patience with the user; their count begins anew then."""
        seen = self._seen[refused.user]
        seen.append(refused.at)
        while seen[0] <= refused.at - self._patience.window_ms:
            seen.popleft()
        if len(seen) < self._patience.refusals:
            return False
        del self._seen[refused.user]
        return True

    def forget(self, before: int) -> None:
        """Drops users who were not refused since `before` (ms)."""
        for user in [user for user, seen in self._seen.items() if seen[-1] < before]:
            del self._seen[user]


class Evictions:
    """Consumes the limits stream (a `workers.batches.Handler`). What it counted dies with it: no harm."""

    def __init__(self, board: Any, patience: Patience) -> None:
        self._board = board
        self._patience = patience
        self._tally = Tally(patience)

    async def resume(self) -> None:
        """Counts anew."""
        self._tally = Tally(self._patience)

    async def handle(self, batch: Batch[Refused]) -> None:
        """Counts, and evicts those who go on. Evicting twice does what evicting once does."""
        for entry in batch.entries:
            if self._tally.count(entry.event):
                await evict(self._board, entry.event.user, self._patience.cooldown_ms)
        if batch.entries:
            self._tally.forget(batch.entries[-1].event.at - self._patience.window_ms)


async def evict(board: Any, user: UUID, cooldown_ms: int) -> None:
    """Cools `user` down and ends their sockets on every node."""
    await board.set(keys.cooldown(user), "1", px=cooldown_ms)
    value = inbox.end_value(inbox.End(user, None, None, "rate_limited"))
    await functions.call(board, "workers", "evict", [keys.NODES], [str(user), value])
    metrics.EVICTED.inc()
    log.warning("user_evicted", cooldown_ms=cooldown_ms)


def decode(fields: Mapping[bytes, bytes]) -> tuple[Refused, int]:
    """An entry of the limits stream. Raises UndecodableEntry."""
    data = fields.get(codec.EVENT_FIELD)
    if data is None:
        raise codec.UndecodableEntry("the entry has no event field")
    return codec.decode_refused(data), 0
