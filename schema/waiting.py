"""Waiting at the start for a server that is away: a clear line now and then, never a stack trace."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import psycopg
import structlog
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisClusterException, RedisError

T = TypeVar("T")
log = structlog.get_logger(__name__)

AWAY = (
    RedisError,
    RedisClusterException,
    OSError,
    psycopg.OperationalError,
    psycopg.errors.UndefinedTable,  # not migrated yet
    PoolTimeout,
    TimeoutError,
)


async def until_there(server: str, attempt: Callable[[], Awaitable[T]], *, pause_seconds: float = 0.5) -> T:
    """The result of `attempt` once the server answers; says which server it waits for."""
    tries = 0
    while True:
        try:
            return await attempt()
        except AWAY as error:
            if tries % 10 == 0:
                log.warning("waiting_for_server", server=server, error=type(error).__name__)
            tries += 1
            await asyncio.sleep(pause_seconds)
