"""Backpressure: `send` is refused before the log itself would have to refuse."""

import asyncio
from typing import Any, Final

import structlog
from redis.exceptions import RedisError

from schema import keys
from schema.refusals import Refusal

log = structlog.get_logger(__name__)

MEMORY_SHARE: Final = 0.8
"""Of the log's `maxmemory`."""
PROJECTOR_LAG: Final = 500_000
"""Entries of one partition that the projector has not read."""
INTERVAL_SECONDS: Final = 2.0


class Pressure:
    """Looks at the log every two seconds; `refusal()` is what sends are answered meanwhile."""

    def __init__(self, log_client: Any, partitions: int) -> None:
        self._client = log_client
        self._partitions = partitions
        self._reason: str | None = None

    def refusal(self) -> Refusal | None:
        """None while there is room."""
        if self._reason is None:
            return None
        return Refusal("unavailable", self._reason, retry_after_ms=5000)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                reason = await self._look()
            except (RedisError, OSError):
                reason = self._reason  # the link says by itself that the log is away
            if reason != self._reason:
                log.warning("pressure_changed", reason=reason or "none")
            self._reason = reason
            await asyncio.sleep(INTERVAL_SECONDS)

    async def _look(self) -> str | None:
        memory = await self._client.info("memory")
        nodes = [memory] if "used_memory" in memory else list(memory.values())  # a cluster answers per node
        for node in nodes:
            if node["maxmemory"] and node["used_memory"] > MEMORY_SHARE * node["maxmemory"]:
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
