"""The policy on the board: every limit with its count, window and burst.

Invariant: while a rate limiter runs, the board has the policy within a second of coming back. It outlives
the worker by ten minutes, so that a restart does not stop the nodes from accepting.
"""

import asyncio
from contextlib import suppress
from typing import Any, Final

import msgspec
import structlog
from redis.exceptions import RedisError

from schema import keys
from schema.limits import Limit
from workers.failures import slug

log = structlog.get_logger(__name__)

INSTALL_EVERY_SECONDS: Final = 1.0
OUTLIVES_MS: Final = 600_000


async def install(board: Any, limits: tuple[Limit, ...]) -> None:
    """Writes the whole policy, in one transaction."""
    rows = {
        limit.name: msgspec.json.encode(
            {"count": limit.count, "window_ms": limit.window_ms, "burst": limit.burst}
        )
        for limit in limits
    }
    async with board.pipeline(transaction=True) as pipeline:
        pipeline.delete(keys.POLICY)
        pipeline.hset(keys.POLICY, mapping=rows)
        pipeline.pexpire(keys.POLICY, OUTLIVES_MS)
        await pipeline.execute()


async def keep_installed(board: Any, limits: tuple[Limit, ...], stopping: asyncio.Event) -> None:
    """Until `stopping`."""
    away = False
    while not stopping.is_set():
        try:
            await install(board, limits)
            away = False
        except (RedisError, OSError, TimeoutError) as error:
            if not away:
                log.warning("policy_not_installed", error=slug(error))
            away = True
        with suppress(TimeoutError):
            async with asyncio.timeout(INSTALL_EVERY_SECONDS):
                await stopping.wait()
