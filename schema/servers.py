"""Clients of the log and the board from their URLs. Nothing is opened before the first command.

`redis://`, `rediss://` and `unix://` name one server; with `?cluster=true` the URL names any node of
a cluster.
"""

from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from redis.asyncio import (
    BlockingConnectionPool,
    Connection,
    ConnectionPool,
    Redis,
    UnixDomainSocketConnection,
)
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.driver_info import DriverInfo
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException

from schema import functions, primaries
from schema.log_identity import Guard

CONNECTIONS: Final = 100
"""Of one client to one server, unless it is given fewer."""
CONNECTION_SECONDS: Final = 5
REPLY_SECONDS: Final = 10.0
"""A connection on which nothing comes for so long is given up: it may be open at this end only."""
DRIVER: Final = DriverInfo()
"""Made once: redis-py reads its package metadata for it, which costs each new connection two milliseconds."""


class ClusterAway(RedisClusterException, RedisConnectionError):
    """No node of the cluster can be asked."""


class Cluster(RedisCluster):
    """Raises, when it is away, as one server does: redis-py's own exception is no RedisError."""

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """See RedisCluster."""
        try:
            return await super().execute_command(*args, **kwargs)
        except RedisClusterException as error:
            raise ClusterAway(*error.args) from error


def is_cluster(url: str) -> bool:
    """Whether `url` asks for a cluster client."""
    return dict(parse_qsl(urlsplit(url).query)).get("cluster") == "true"


def plain(url: str) -> str:
    """`url` as client libraries take it: without the option that is our own."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "cluster"]
    text = urlunsplit(parts._replace(query=urlencode(query)))
    # urlunsplit leaves out an empty host, and redis-py's blocking client does not take such an address.
    return f"unix://{text.removeprefix('unix:').removeprefix('//')}" if parts.scheme == "unix" else text


def address(url: str) -> Connection | UnixDomainSocketConnection:
    """How redis-py reads `url`, as a connection that is not open: one reading for all who connect."""
    pool: Any = ConnectionPool.from_url(plain(url), driver_info=DRIVER)
    connection = pool.make_connection()
    assert isinstance(connection, Connection | UnixDomainSocketConnection)
    return connection


def client(
    url: str,
    *,
    reply_seconds: float = REPLY_SECONDS,
    guard: Guard | None = None,
    most: int = CONNECTIONS,
) -> "Redis | RedisCluster":
    """A redis-py client that never repeats a command by itself: an unknown outcome is for the
    caller to resolve. Replies are bytes; a read that blocks must block for less than `reply_seconds`.
    A cluster is spoken to in RESP 2, so that what it writes is what `schema.link` reads from one server.
    A connection to a replica is refused (`schema.primaries`).
    It opens at most `most` connections to one server; a caller that finds none free waits.
    With a `guard` every connection, before its first command, checks that the log is the right one.
    """
    if is_cluster(url):
        hook = {} if guard is None else {"redis_connect_func": guard.on_connect}
        cluster = Cluster.from_url(
            plain(url), protocol=2, retry=Retry(NoBackoff(), 0), socket_timeout=reply_seconds,
            socket_connect_timeout=CONNECTION_SECONDS, driver_info=DRIVER,
            client_name=functions.connection_name(),
        )  # fmt: skip
        # The constructor takes no hook; these are what it gives to each connection it opens.
        cluster.nodes_manager.connection_kwargs.update(hook)
        for node in cluster.nodes_manager.startup_nodes.values():
            node.connection_kwargs.update(hook)
        return cluster
    pool = BlockingConnectionPool.from_url(
        plain(url), max_connections=most, timeout=CONNECTION_SECONDS, retry=Retry(NoBackoff(), 0),
        socket_timeout=reply_seconds, socket_connect_timeout=CONNECTION_SECONDS,
        redis_connect_func=partial(_begin, guard), driver_info=DRIVER,
        client_name=functions.connection_name(),
    )  # fmt: skip
    pool.connection_class = primaries.FOLLOWING[pool.connection_class]
    return Redis.from_pool(pool)


async def _begin(guard: Guard | None, connection: Any) -> None:
    await (connection.on_connect() if guard is None else guard.on_connect(connection))
    await primaries.check_connection(connection)
