"""The sources of replay: the log and, for some commands, PostgreSQL. A server that is away is reported in one
sentence."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from uuid import UUID

import psycopg
from redis.exceptions import RedisClusterException, RedisError

from ops.errors import OperatorError
from ops.trouble import database_in_words
from schema import keys, servers
from schema.partitions import partition_of
from schema.waiting import why
from workers.replay.records import Overtaken


@contextmanager
def in_words() -> Iterator[None]:
    """Raises OperatorError for what the servers raise inside."""
    try:
        with database_in_words():
            yield
    except (RedisError, RedisClusterException, OSError) as error:
        raise OperatorError(f"The log is away: {why(error)}. See SEALSTREAM_LOG_URL.") from error
    except Overtaken as error:
        raise OperatorError(f"{error}. Try again, with --fast.") from error


@asynccontextmanager
async def the_log(url: str) -> AsyncIterator[tuple[Any, int]]:
    """A client of the log, and how many partitions that has. Raises OperatorError for a log never begun."""
    client = servers.client(url, reply_seconds=60.0)
    try:
        fixed = await client.get(keys.PARTITION_COUNT)
        if fixed is None:
            raise OperatorError("This log was never begun: no relay has used it. See SEALSTREAM_LOG_URL.")
        yield client, int(fixed)
    finally:
        await client.aclose()


@asynccontextmanager
async def the_database(url: str) -> AsyncIterator[Any]:
    """One connection, without a transaction."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=5) as connection:
        yield connection


def chosen(partitions: int, partition: int | None, user: UUID | None) -> tuple[int, ...]:
    """The partitions that are asked for. Raises OperatorError if there is no such one."""
    if partition is not None and partition >= partitions:
        raise OperatorError(f"There is no partition {partition}: the log has {partitions}, from 0.")
    whose = None if user is None else partition_of(user, partitions)
    if partition is not None and whose not in (None, partition):
        raise OperatorError(f"The user belongs to partition {whose}, not {partition}.")
    only = partition if partition is not None else whose
    return tuple(range(partitions)) if only is None else (only,)
