"""`sealstream limits`, as its user reads it: kept, in force at once, and clear about what went wrong."""

import re
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from redis import Redis

from schema import keys
from schema.settings import Settings
from tests.ops.hand import Hand
from tests.servers import Servers
from workers.rate_limiter.keeping import policy

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def anna(database_url: str) -> str:
    """An account; its id."""
    user = uuid4()
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO users VALUES (%s, 'anna', '', 1, 0)", (user,))
    return str(user)


@pytest.fixture
def limits(tmp_path: Path, board_url: str, database_url: str, anna: str) -> Run:
    """`sealstream limits …`: its exit status and all it printed. The worker set 70 messages a minute."""
    assert anna
    in_force = Settings.from_env({"SEALSTREAM_MESSAGES_PER_MINUTE": "70"}).limits
    with Redis.from_url(board_url) as client:
        client.hset(keys.POLICY, mapping=policy(in_force))  # type: ignore[arg-type]

    def run(*arguments: str, **environment: str) -> tuple[int, str]:
        settings = {
            "SEALSTREAM_DATA": str(tmp_path / "data"),
            "SEALSTREAM_BOARD_URL": board_url,
            "SEALSTREAM_DATABASE_URL": database_url,
            **environment,
        }
        done = Hand(**settings)("limits", *arguments)
        return done.status, done.out + done.err

    return run


def row(text: str, name: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if re.search(rf"\W{name}\W", line)]
    return [cell.strip() for cell in re.split("[│┃]", line)[1:-1]]


def test_they_are_set_shown_and_cleared(limits: Run, anna: str, board_url: str) -> None:
    status, shown = limits("show", "@Anna")
    assert status == 0
    assert shown.splitlines()[0].strip() == "@anna"
    assert row(shown, "messages") == ["messages", "70", "a minute", "everyone"], "as the worker has it"
    assert limits("set", anna, "messages", "600") == (
        0, "messages: 600 for @anna, from now on, until `sealstream limits clear anna`.\n",
    )  # fmt: skip
    with Redis.from_url(board_url) as client:
        assert client.hgetall(keys.override(anna)) == {b"messages": b"600"}
        client.delete(keys.override(anna))
    assert row(limits("show", "anna")[1], "messages") == ["messages", "600", "a minute", "this user"]
    assert limits("clear", "anna", "connections") == (
        0,
        "@anna has the usual limit of connections already.\n",
    )
    assert limits("clear", "anna", "messages") == (0, "@anna has the usual limit of messages again.\n")
    assert limits("clear", "anna") == (0, "@anna has the usual limits already.\n")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("show", "nobody_here"), 1, "sealstream: There is no user 'nobody_here'.\n"),
        (("set", str(uuid4()), "messages", "1"), 1, "There is no user"),
        (("set", "anna", "messages", "-1"), 2, "'COUNT': -1 is not in the range 0<=x<=2147483647"),
        (("set", "anna", "messages", "2147483648"), 2, "is not in the range"),
        (("set", "anna", "messages", "many"), 2, "'many' is not a valid integer"),
        (("set", "anna", "logins", "5"), 2, "'logins' is not one of 'messages', 'bytes', 'connections'"),
        (("clear", "anna", "logins"), 2, "is not one of"),
    ],
)
def test_what_cannot_be_is_said(limits: Run, arguments: tuple[str, ...], status: int, words: str) -> None:
    done = limits(*arguments)
    assert done[0] == status
    assert words in done[1]


def test_a_server_that_is_away_is_named_and_nothing_is_changed(limits: Run, database_url: str) -> None:
    away = {"SEALSTREAM_BOARD_URL": "redis://127.0.0.1:1"}
    assert limits("set", "anna", "messages", "600", **away) == (
        1, "sealstream: The board is away: Connection refused. Nothing was changed.\n",
    )  # fmt: skip
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT * FROM overrides").fetchall() == []
    status, said = limits("show", "anna", SEALSTREAM_DATABASE_URL="postgresql://u@127.0.0.1:1/x")
    assert status == 1
    assert re.fullmatch(r"sealstream: The database is away: .*Connection refused\n", said)


def test_a_database_without_the_tables_says_what_to_do(limits: Run, servers: Servers) -> None:
    status, said = limits("show", "anna", SEALSTREAM_DATABASE_URL=servers.database_url())
    assert (status, said) == (
        1, "sealstream: The database lacks this version's tables. Run `sealstream migrate`.\n",
    )  # fmt: skip


def test_without_a_policy_it_says_that_nothing_is_admitted(limits: Run, board_url: str) -> None:
    with Redis.from_url(board_url) as client:
        client.delete(keys.POLICY)
    status, said = limits("show", "anna")
    assert status == 1
    assert "rate-limiter" in said
