"""`sealstream doctor` on functions and roles: what is missing or too much is red, and names itself."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from schema import functions
from schema.roles import NODE, PROJECTOR, ROLES, on_postgres, on_valkey
from schema.roles.valkey import LOG, rules
from tests.ops.doctor.test_doctor import reds
from tests.ops.hand import Hand


def row(hand: Hand, name: str) -> dict[str, Any]:
    (found,) = [row for row in hand("doctor", "--json").json if row["name"] == name]
    return dict(found)


@pytest.fixture
def users(log: Any) -> Iterator[Any]:
    for role in ROLES:
        log.execute_command("ACL", "SETUSER", on_valkey(role), "reset", *rules(role, LOG))
    yield log
    log.execute_command("ACL", "DELUSER", *map(on_valkey, ROLES))


def test_a_function_that_is_missing_is_red(hand: Hand, log: Any) -> None:
    log.execute_command("FUNCTION", "DELETE", functions.called("relay", "accept"))
    found = reds(hand("doctor", "--json"))
    assert list(found) == ["functions"]
    assert found["functions"]["found"] == "1 of this version are missing on the log"
    assert found["functions"]["remedy"] == "Run `sealstream migrate`."


def test_servers_without_users_of_their_own_are_green_and_say_so(hand: Hand) -> None:
    found = row(hand, "roles")
    assert found["is_well"] is True
    assert found["found"].split(", ") == [
        "database: as they must be", "log: one for all processes", "board: one for all processes",
    ]  # fmt: skip


def test_users_with_their_rights_are_green(hand: Hand, users: Any) -> None:
    assert "log: as they must be" in row(hand, "roles")["found"]


def test_a_user_that_is_missing_or_lacks_a_right_is_named(hand: Hand, users: Any) -> None:
    users.execute_command("ACL", "SETUSER", on_valkey(NODE), "reset", "on", "+ping")
    found = row(hand, "roles")
    assert found["is_well"] is False
    assert found["found"].startswith("sealstream-node may not HSET {*}:seen:* on the log, and ")
    assert found["remedy"] == "Give the log the log.acl that `sealstream roles` writes."
    users.execute_command("ACL", "DELUSER", on_valkey(NODE))
    assert row(hand, "roles")["found"] == "the log has no user sealstream-node"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("REVOKE INSERT ON envelopes FROM {}", "sealstream_projector lacks INSERT on envelopes"),
        ("GRANT SELECT ON users TO {}", "sealstream_projector may SELECT users"),
    ],
)
def test_rights_of_the_database_that_differ_are_named(
    hand: Hand, database_url: str, statement: str, words: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(statement.format(on_postgres(PROJECTOR)))  # type: ignore[arg-type]
    found = row(hand, "roles")
    assert (found["is_well"], found["found"]) == (False, words)
    assert found["remedy"] == "Run `sealstream migrate`."
    with psycopg.connect(database_url, autocommit=True) as connection:
        from ops.roles.granting import grant

        grant(connection)
    assert row(hand, "roles")["is_well"] is True
