"""PostgreSQL as the relay uses it: short transactions from one pool."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

POOL_SECONDS: Final = 5.0
"""How long a call waits for a connection before it is refused."""

CLOCK: Final = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
"""The database's clock in ms: the one clock by which sessions end, whichever node ends them."""

DATABASE_AWAY: Final = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)
"""What is raised when the database does not answer."""

Database = AsyncConnectionPool[Any]
Connection = AsyncConnection[Any]


@asynccontextmanager
async def transaction(database: Database) -> AsyncIterator[Connection]:
    """One transaction: committed at the end, rolled back on an exception.

    Raises psycopg.OperationalError or PoolTimeout when the database is away.
    """
    async with database.connection(timeout=POOL_SECONDS) as connection, connection.transaction():
        yield connection
