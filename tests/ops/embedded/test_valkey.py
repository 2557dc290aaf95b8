"""The embedded Valkey servers keep what the design promises of the log and the board."""

from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import OutOfMemoryError

from ops.embedded import valkey
from ops.embedded.layout import layout, prepare
from tests.servers import Servers


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("appendonly", "yes"),
        ("appendfsync", "always"),
        ("maxmemory-policy", "noeviction"),
        ("stream-node-max-bytes", "4096"),
        ("port", "0"),
        ("hide-user-data-from-log", "yes"),
        ("slowlog-log-slower-than", "-1"),
    ],
)
def test_the_log_runs_as_the_design_says(log_url: str, setting: str, value: str) -> None:
    with Redis.from_url(log_url, decode_responses=True) as client:
        assert client.config_get(setting) == {setting: value}


def test_what_the_log_answered_survives_kill_9(servers: Servers, log_url: str) -> None:
    with Redis.from_url(log_url) as client:
        for number in range(100):
            client.xadd("{0}:log", {"e": str(number)})
    servers.kill("log")
    servers.revive()
    with Redis.from_url(log_url) as client:
        assert client.xlen("{0}:log") == 100


def test_the_board_comes_back_empty(servers: Servers, board_url: str) -> None:
    with Redis.from_url(board_url) as client:
        client.set("a", 1)
    servers.stop("board")
    servers.revive()
    with Redis.from_url(board_url) as client:
        assert client.dbsize() == 0


def test_a_full_server_refuses_and_evicts_nothing(servers: Servers, log_url: str) -> None:
    with Redis.from_url(log_url) as client:
        memory = client.config_get("maxmemory")["maxmemory"]
        client.set("kept", 1)
        client.config_set("maxmemory", 1_000_000)
        with pytest.raises(OutOfMemoryError):
            client.set("more", b"x" * 2_000_000)
        assert client.get("kept") == b"1"
        client.config_set("maxmemory", memory)


def test_a_path_with_spaces_and_quotes_is_no_trouble(tmp_path_factory: pytest.TempPathFactory) -> None:
    places = layout(tmp_path_factory.mktemp('a "b" c'))
    prepare(places, traversable=False)
    written = Path(valkey.program(valkey.LOG, places).argv[1]).read_text()
    assert f'dir "{places.data}/log"'.replace('"b"', '\\"b\\"') in written
    places.sockets.rmdir()


def test_a_server_that_is_not_there_is_not_ready() -> None:
    assert not valkey.is_ready("unix:///nowhere.sock")
