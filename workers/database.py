"""PostgreSQL as the workers use it: one pool for each process.

Invariant: a worker that freezes holds no row for long. A connection that is open at this end only is given
up, and so is a session that takes no writes any more: the address may lead to another server by now.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

SET_IDLE_TIMEOUT: Final = "SET idle_in_transaction_session_timeout = '5s'"
NOTICING_DEAD_PEERS: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
    "target_session_attrs": "read-write",
}
"""A connection that is open at this end only must not hold a partition for ever (libpq, over TCP); a standby
is no database to work on."""
CONNECTIONS: Final = 4
WAIT_SECONDS: Final = 5.0
RECONNECT_SECONDS: Final = 10.0
"""After so long the pool leaves it to the consumer to try again, so that it finds the database at once."""


class Database(AsyncConnectionPool[Any]):
    """The pool of a worker, not yet open. The database may be away."""

    def __init__(self, url: str) -> None:
        super().__init__(
            url, min_size=1, max_size=CONNECTIONS, open=False, timeout=WAIT_SECONDS,
            reconnect_timeout=RECONNECT_SECONDS, kwargs=NOTICING_DEAD_PEERS,
            configure=_let_go_when_frozen,
        )  # fmt: skip

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[AsyncConnection[Any]]:
        """See AsyncConnectionPool.connection."""
        async with super().connection(timeout) as connection:
            try:
                yield connection
            except psycopg.errors.ReadOnlySqlTransaction:
                await connection.close()
                raise


async def _let_go_when_frozen(connection: AsyncConnection[Any]) -> None:
    """A worker that freezes inside a transaction holds the checkpoint's row: the server ends it for us."""
    await connection.execute(SET_IDLE_TIMEOUT)
    await connection.commit()
