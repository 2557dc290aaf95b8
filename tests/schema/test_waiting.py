"""Why a server is away is said in words of ours, whichever library found out and however deep."""

import socket
import ssl

import pytest
from psycopg_pool import PoolTimeout
from redis import Redis
from redis.exceptions import (
    BusyLoadingError,
    MovedError,
    NoPermissionError,
    RedisClusterException,
    ResponseError,
)

from schema import partitions, servers
from schema.waiting import (
    A_CLUSTER,
    AWAY,
    NO_CLUSTER,
    NO_PEM,
    REFUSES_LOGIN,
    until_there,
    why,
)
from tests.servers import Servers
from tests.support.stack import free_ports


async def refusal(url: str) -> str:
    """Why the server at `url` is away."""
    client = servers.client(url)
    try:
        with pytest.raises(AWAY) as found:
            await client.ping()
    finally:
        await client.aclose()
    return why(found.value)


@pytest.mark.parametrize("cluster", ["", "?cluster=true"])
async def test_one_that_does_not_run_refuses_the_connection(cluster: str) -> None:
    assert await refusal(f"redis://127.0.0.1:{free_ports(1)}{cluster}") == "Connection refused"


async def test_a_socket_that_is_not_there_is_said() -> None:
    assert await refusal("unix:///nowhere.sock") == "No such file or directory"


async def test_a_wrong_password_is_said(log_url: str) -> None:
    assert await refusal(log_url.replace("unix://", "unix://nobody:wrong@")) == REFUSES_LOGIN


async def test_a_password_that_is_missing_is_said(servers: Servers, board_url: str) -> None:
    with Redis.from_url(board_url) as client:
        client.config_set("requirepass", "secret")
    try:
        assert await refusal(board_url) == "it asks for a password"
    finally:
        servers.stop("board")
        servers.revive()


def from_(cause: Exception) -> Exception:
    """As the cluster client raises what it found at every node."""
    try:
        raise RedisClusterException("Redis Cluster cannot be connected.") from cause
    except RedisClusterException as error:
        return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "its host name is unknown"),
        (BusyLoadingError("Valkey is loading the dataset in memory"), "it still loads its data"),
        (NoPermissionError("this user has no permissions"), "its user lacks a right (ops/roles.md)"),
        (MovedError("866 10.0.0.7:6379"), A_CLUSTER),
        (ResponseError("WRONGPASS invalid username-password pair"), REFUSES_LOGIN),
        (ResponseError("MISCONF Errors writing to the AOF file"), "it answers MISCONF"),
        (ResponseError("unknown command 'FUNCTION', with args beginning with: secret"), "ResponseError"),
        (from_(RedisClusterException("Cluster mode is not enabled on this node")), NO_CLUSTER),
        (PoolTimeout("couldn't get a connection to secret after 5.00 sec"), "no connection in time"),
        (TimeoutError(), "no answer in time"),
        (ssl.SSLError(524_297, "[SSL] PEM lib (_ssl.c:3926)"), NO_PEM),
        (OSError(113, "Connect call failed ('10.0.0.7', 6379)"), "No route to host"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_every_kind_has_its_words(error: Exception, words: str) -> None:
    assert why(error) == words


async def test_a_wait_says_which_server_and_why_and_ends_with_the_answer(
    log_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log_client, away = servers.client(log_url), servers.client("unix:///nowhere.sock")
    clients = [log_client, away]
    assert await until_there("log", lambda: partitions.fix(clients.pop(), 4), pause_seconds=0.01) == 4
    said = capsys.readouterr().out
    assert "waiting_for_server" in said
    assert "No such file or directory" in said
    assert "nowhere.sock" not in said
    for client in (log_client, away):
        await client.aclose()
