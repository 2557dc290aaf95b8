"""A relay's log, archive, tables and directory, filled by several processes at once."""

import asyncio
import logging
import multiprocessing
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from psycopg_pool import AsyncConnectionPool

from ops.log_repair import directory
from ops.log_repair.fitness import begin_on
from ops.replay.bench.filling import SPAN_MS, Filled, Share, Size, fill
from schema import checkpoints, functions, keys, log_identity, servers
from schema.clock import now_ms
from schema.positions import START
from schema.settings import Settings
from workers.archive.beginning import begin_archive

HOUR_MS: Final = 3_600_000
QUICKLY: Final = {"appendfsync": "no", "auto-aof-rewrite-percentage": "0"}
"""The log's settings while it is filled: no entry must be on disk yet."""


def fill_all(settings: Settings, size: Size, processes: int) -> dict[int, Filled]:
    """Fills empty servers: log, archive, tables and directory. Raises OperatorError."""
    before = asyncio.run(_begin(settings, size))
    only, begin = range(size.partitions), now_ms() - SPAN_MS - HOUR_MS
    shares = [Share(settings, size, tuple(only[one::processes]), begin) for one in range(processes)]
    if processes == 1:
        filled = fill(shares[0])
    else:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, mp_context=context, initializer=_hush) as pool:
            filled = {number: one for found in pool.map(fill, shares) for number, one in found.items()}
    asyncio.run(_finish(settings, filled, before))
    return filled


def _hush() -> None:
    """A line for each segment would hide what the bench prints."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


async def _begin(settings: Settings, size: Size) -> dict[str, str]:
    """What a first start does. Returns the log's settings that `_finish` puts back."""
    async with _opened(settings) as (log, database):
        assert settings.database_url
        await log_identity.settle(log, begin_on(settings.database_url), size.partitions)
        await functions.install(log, "workers")
        await begin_archive(settings, database, log)
        before: dict[str, str] = await log.config_get(*QUICKLY)
        for name, value in QUICKLY.items():
            await log.config_set(name, value)
        return before


async def _finish(settings: Settings, filled: dict[int, Filled], before: dict[str, str]) -> None:
    """Groups and checkpoints stand at the log's end; the directory says what the tables say."""
    async with _opened(settings) as (log, database), database.connection() as connection:
        for number, one in filled.items():
            for group in keys.LOG_GROUPS:
                await log.xgroup_create(keys.log(number), group, id=str(one.last))
            await checkpoints.read(connection, keys.PROJECTOR, number)
            await checkpoints.advance(connection, keys.PROJECTOR, number, START, one.last)
        await directory.lift(connection, log, len(filled), list(filled))
        for name, value in before.items():
            await log.config_set(name, value)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[Any, "AsyncConnectionPool[Any]"]]:
    """The log's client and a pool of the database."""
    assert settings.log_url
    assert settings.database_url
    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
        settings.database_url, open=False, min_size=1, max_size=2
    )
    async with servers.client(settings.log_url) as log, pool as database:
        yield log, database
