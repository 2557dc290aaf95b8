"""Only a primary counts as a server that is there: a replica accepts no writes and may lag behind.

Invariant: no connection to a replica is used, and one whose server says that it is no primary any more is
given up. The next connection looks the address up again, so that a name may move to the new primary.
"""

from collections.abc import Sequence
from typing import Any, Final

from redis.asyncio import Connection, RedisCluster, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MasterDownError, NoPermissionError, ReadOnlyError

NO_PRIMARY: Final = ("READONLY", "LOADING", "MASTERDOWN")
"""Error codes of a server that cannot do its work as a primary (now)."""


class NotPrimary(RedisConnectionError):
    """The server that answers is a replica."""


def check_hello(reply: Any) -> None:
    """`reply`: what HELLO answered, in RESP 2 or 3. Raises NotPrimary, but for a node of a cluster."""
    found = reply if isinstance(reply, dict) else _paired(reply)
    facts = {_text(name): _text(value) for name, value in found.items()}
    if facts.get("mode") != "cluster" and facts.get("role", "master") != "master":
        raise NotPrimary("the server is a replica")


async def check_connection(connection: AbstractConnection) -> None:
    """For a new connection, when it has logged in. Raises NotPrimary."""
    await connection.send_command("HELLO")
    try:
        reply = await connection.read_response()
    except NoPermissionError:
        return  # the first write tells
    check_hello(reply)


async def check_client(client: Any) -> None:
    """Returns when the server does its work as a primary. Raises NotPrimary, and the library's errors.

    The idle connections to a server that became a replica are given up.
    """
    await client.ping()  # HELLO is answered while the server still loads
    if isinstance(client, RedisCluster):
        return
    try:
        check_hello(await client.execute_command("HELLO"))
    except NoPermissionError:
        return
    except NotPrimary:
        await client.connection_pool.disconnect(inuse_connections=False)
        raise


async def on_each(client: Any, *command: str) -> dict[str, Any]:
    """The command's reply by server: every primary of a cluster, or the one server, whose name is empty."""
    if not isinstance(client, RedisCluster):
        return {"": await client.execute_command(*command)}
    await client.initialize()
    return {
        node.name: await client.execute_command(*command, target_nodes=node)
        for node in client.get_primaries()
    }


class _GivenUp(AbstractConnection):
    """A connection that is closed, when its command is over, if the server is no primary any more."""

    async def read_response(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().read_response(*args, **kwargs)
        except (ReadOnlyError, MasterDownError):
            self._should_reconnect = True
            raise


class _Tcp(_GivenUp, Connection):
    """Over TCP."""


class _Tls(_GivenUp, SSLConnection):
    """Over TLS."""


class _Unix(_GivenUp, UnixDomainSocketConnection):
    """Over a socket of the file system."""


FOLLOWING: Final[dict[type[AbstractConnection], type[AbstractConnection]]] = {
    Connection: _Tcp,
    SSLConnection: _Tls,
    UnixDomainSocketConnection: _Unix,
}
"""The client library's connections, and those that follow a name to its new primary."""


def _paired(reply: Sequence[Any]) -> dict[Any, Any]:
    return dict(zip(reply[::2], reply[1::2], strict=True))


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
