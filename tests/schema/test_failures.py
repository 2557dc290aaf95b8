"""The right that is missing is named, as real servers name it, and no user with it."""

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from redis import Redis
from redis.exceptions import ResponseError

from ops.migrate import migrate
from schema.failures import AWAY, lacking
from schema.roles import PUSHER, on_postgres, on_valkey
from schema.roles.valkey import LOG, rules
from schema.waiting import why

USER = on_valkey(PUSHER)
APPENDS = (
    "#!lua name=append\nredis.register_function("
    "'append', function(keys, args) return redis.call('XADD', keys[1], '*', 'f', 'v') end)"
)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("FLUSHALL",), "its user may not call FLUSHALL (ops/roles.md)"),
        (("FUNCTION", "LOAD", "x"), "its user may not call FUNCTION LOAD (ops/roles.md)"),
        (("XADD", "{0}:log", "*", "f", "v"), "its user may not do that with the key (ops/roles.md)"),
        (("FCALL", "append", 1, "{0}:log"), "its user may not do that with the key (ops/roles.md)"),
    ],
)
def test_on_the_log(log_url: str, command: tuple[str | int, ...], words: str) -> None:
    with Redis.from_url(log_url) as admin:
        admin.execute_command("FUNCTION", "LOAD", "REPLACE", APPENDS)
        admin.execute_command("ACL", "SETUSER", USER, "reset", ">secret", *rules(PUSHER, LOG))
        try:
            with (
                Redis.from_url(log_url, username=USER, password="secret") as client,
                pytest.raises(ResponseError) as found,
            ):
                client.execute_command(*command)
        finally:
            admin.execute_command("ACL", "DELUSER", USER)
            admin.execute_command("FUNCTION", "DELETE", "append")
    assert lacking(found.value) == words
    assert why(found.value) == words


def test_on_postgres(database_url: str) -> None:
    migrate(database_url)
    with (
        psycopg.connect(make_conninfo(database_url, user=on_postgres(PUSHER))) as connection,
        pytest.raises(AWAY) as found,
    ):
        connection.execute("SELECT password_hash FROM users")
    assert why(found.value) == "its role lacks a right, permission denied for table users (ops/roles.md)"


def test_another_error_names_no_right() -> None:
    assert lacking(ResponseError("WRONGTYPE Operation against a key")) is None
    assert lacking(psycopg.errors.UndefinedTable("no such table")) is None
