"""Backpressure: `send` is refused before the log itself has to refuse; the operator is warned earlier."""

import asyncio
from contextlib import suppress
from typing import Any, Final

import structlog
from redis.exceptions import RedisError

from relay import metrics
from schema import keys
from schema.refusals import Refusal

log = structlog.get_logger(__name__)

MEMORY_SHARE: Final = 0.8
"""Of the log's `maxmemory`: above it sends are refused."""
WARN_SHARE: Final = MEMORY_SHARE - 0.1
"""Above it the operator is warned: retention makes room above half, so it lags or cannot."""
PROJECTOR_LAG: Final = 500_000
"""Entries of one partition that the projector has not read."""
INTERVAL_SECONDS: Final = 2.0


class Pressure:
    """Looks at the log every two seconds; `refusal()` is what sends are answered meanwhile."""

    def __init__(self, log_client: Any, partitions: int) -> None:
        self._client = log_client
        self._partitions = partitions
        self._reason: str | None = None
        self._warning: str | None = None

    def refusal(self) -> Refusal | None:
        """None while there is room."""
        if self._reason is None:
            return None
        return Refusal("unavailable", self._reason, retry_after_ms=5000)

    def warning(self) -> str | None:
        """Why sends are refused, or will be soon; None while there is room."""
        return self._reason or self._warning

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            with suppress(RedisError, OSError):  # the link says by itself that the log is away
                await self.look()
            await asyncio.sleep(INTERVAL_SECONDS)

    async def look(self) -> None:
        """One look. Raises the server's errors."""
        share = await self._memory_share()
        metrics.LOG_MEMORY.set(share)
        warning = f"The log's memory is above {WARN_SHARE:.0%}: sends are refused above {MEMORY_SHARE:.0%}."
        was, self._warning = self._warning, warning if share > WARN_SHARE else None
        if self._warning != was:
            log.warning("log_memory_high" if self._warning else "log_memory_fine", share=round(share, 2))
        reason = await self._reason_to_refuse(share)
        if reason != self._reason:
            log.warning("pressure_changed", reason=reason or "none")
        self._reason = reason

    async def _memory_share(self) -> float:
        """Of the server that has least left; 0 where there is no limit."""
        memory = await self._client.info("memory")
        nodes = [memory] if "used_memory" in memory else list(memory.values())  # a cluster answers per node
        return max(node["used_memory"] / node["maxmemory"] if node["maxmemory"] else 0.0 for node in nodes)

    async def _reason_to_refuse(self, share: float) -> str | None:
        if share > MEMORY_SHARE:
            return "The log's memory is nearly full."
        for partition in range(self._partitions):
            if await self._lag(partition) > PROJECTOR_LAG:
                return "The projector lags too far behind."
        return None

    async def _lag(self, partition: int) -> int:
        """What the projector has not read; where nobody can say, as much as it may be: everything."""
        name = keys.log(partition)
        length: int = await self._client.xlen(name)
        if length <= PROJECTOR_LAG:
            return length  # it cannot be more, whatever the group's record says
        for group in await self._client.xinfo_groups(name):
            if group["name"] == keys.PROJECTOR.encode() and group.get("lag") is not None:
                return int(group["lag"])
        return length
