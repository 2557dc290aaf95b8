"""PostgreSQL as the relay uses it: short transactions from one pool, each bounded in time.

Invariant: a transaction ends, or raises that the database is away, within `TRANSACTION_SECONDS` (sooner, when
it refuses connections). This holds after a restart, too (dead connections of the pool are passed over), and
when the database is frozen. A connection on which nothing comes is cut at its socket: a cancellation would
first ask the server to end the statement, and wait for its answer.
"""

import asyncio
import os
import socket as sockets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from schema.failures import DATABASE_AWAY

TRANSACTION_SECONDS: Final = 8.0
"""From asking for a connection to the end of the commit."""
CONNECTIONS: Final = 8
"""Of a node's pool. No transaction on it waits for the log or the board."""
WAITING_CONNECTIONS: Final = 4
"""Of the pool for transactions that do: a log that stalls holds these and no others."""
CHECK_SECONDS: Final = 1.5
"""A connection from the pool that does not answer so soon is taken for dead."""
CONNECT_SECONDS: Final = 5
RECONNECT_SECONDS: Final = 3.0
"""After so long the pool leaves it to the next caller to try again, so that it finds the database at once."""
AWAY_SECONDS: Final = 2.5
"""When connections have failed for so long nobody waits for one beyond the next that fails."""

CLOCK: Final = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
"""The database's clock in ms: the one clock by which sessions end, whichever node ends them."""

Connection = AsyncConnection[Any]


class Database(AsyncConnectionPool[Any]):
    """The node's pool, not yet open. It waits for a database that restarts, but not for one that is away."""

    def __init__(self, url: str, *, most: int = CONNECTIONS) -> None:
        self._failing_since: float | None = None
        self._patient: set[asyncio.Timeout] = set()
        super().__init__(
            url, min_size=1, max_size=most, open=False,
            kwargs={"connect_timeout": CONNECT_SECONDS, "target_session_attrs": "read-write"},
            reconnect_timeout=RECONNECT_SECONDS, connection_class=_reporting_to(self),
        )  # fmt: skip

    async def getconn(self, timeout: float | None = None) -> Connection:
        """Raises PoolTimeout, after `timeout` seconds at the latest."""
        patience = asyncio.timeout(None)
        try:
            async with patience:
                self._patient.add(patience)
                connection: Connection = await super().getconn(timeout)
                return connection
        except TimeoutError as error:
            raise PoolTimeout("the database is away") from error
        finally:
            self._patient.discard(patience)

    @staticmethod
    async def check_connection(connection: Connection) -> None:
        """Raises psycopg.Error: the server does not answer, or takes no writes (any more)."""
        await connection.set_autocommit(True)
        row = await (await connection.execute("SHOW transaction_read_only")).fetchone()
        await connection.set_autocommit(False)
        if row != ("off",):
            await connection.close()  # it turned standby: the address may lead to another server by now
            raise psycopg.errors.ReadOnlySqlTransaction("the session takes no writes")

    def connected(self) -> None:
        """A connection came about."""
        self._failing_since = None

    def failed(self) -> None:
        """One did not."""
        now = asyncio.get_running_loop().time()
        if self._failing_since is None:
            self._failing_since = now
        if now - self._failing_since >= AWAY_SECONDS:
            for patience in self._patient:
                patience.reschedule(now)


def _reporting_to(database: Database) -> type[Connection]:
    class Reporting(AsyncConnection[Any]):
        @classmethod
        async def connect(cls, *args: Any, **kwargs: Any) -> Any:
            try:
                connection = await super().connect(*args, **kwargs)
            except DATABASE_AWAY:
                database.failed()
                raise
            database.connected()
            return connection

    return Reporting


@asynccontextmanager
async def transaction(
    database: Database, *, seconds: float = TRANSACTION_SECONDS
) -> AsyncIterator[Connection]:
    """One transaction: committed at the end, rolled back on an exception.

    Raises psycopg.OperationalError or PoolTimeout when the database is away, after `seconds` at the latest.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    connection = await _answering(database, deadline)
    try:
        with _cut_off_after(connection, deadline - loop.time()):
            async with connection.transaction():
                yield connection
    except psycopg.errors.ReadOnlySqlTransaction:
        await connection.close()  # it turned standby: the address may lead to another server by now
        raise
    finally:
        await database.putconn(connection)


async def _answering(database: Database, deadline: float) -> Connection:
    """A connection that answered just now, and takes writes; others are dropped on the way, and replaced."""
    loop = asyncio.get_running_loop()
    while True:
        connection: Connection = await database.getconn(timeout=max(0.0, deadline - loop.time()))
        try:
            with _cut_off_after(connection, min(CHECK_SECONDS, deadline - loop.time())):
                await database.check_connection(connection)
        except BaseException as error:
            await database.putconn(connection)
            if not isinstance(error, DATABASE_AWAY):
                raise
        else:
            return connection


@contextmanager
def _cut_off_after(connection: Connection, seconds: float) -> Iterator[None]:
    """What still waits for the server after `seconds` fails with psycopg.OperationalError."""
    timer = asyncio.get_running_loop().call_later(max(0.0, seconds), _cut, connection)
    try:
        yield
    finally:
        timer.cancel()


def _cut(connection: Connection) -> None:
    with suppress(OSError, psycopg.Error):
        socket = sockets.socket(fileno=os.dup(connection.fileno()))
        try:
            socket.shutdown(sockets.SHUT_RDWR)
        finally:
            socket.close()
