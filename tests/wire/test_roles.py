"""The running messenger's processes have a role each, on all three servers; nobody gets in without one."""

import json
import stat
import sys

import psycopg
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from ops.addresses import address
from ops.embedded import postgres, valkey
from ops.embedded.layout import layout
from schema.roles import ADMIN, NODE, PUSHER, ROLES, WORKERS, on_postgres, on_valkey
from schema.roles.valkey import BOARD, LOG
from tests.ops.programs import sealstream
from tests.support.people import Person
from tests.support.stack import Stack, data_folder
from tests.support.until import until
from tests.wire.conftest import Party
from tests.wire.test_quarantine import accept_poison

FORGETS = f"""
import os, psycopg
from redis import Redis
with psycopg.connect(os.environ["SEALSTREAM_DATABASE_URL"], autocommit=True) as connection:
    for role in {[on_postgres(role) for role in ROLES]}:
        connection.execute(f"DROP OWNED BY {{role}}")
        connection.execute(f"DROP ROLE {{role}}")
with Redis.from_url(os.environ["SEALSTREAM_LOG_URL"]) as log:
    log.execute_command("FUNCTION", "FLUSH")
"""


@pytest.mark.parametrize("server", [LOG, BOARD])
def test_each_process_is_connected_as_its_own_role(stack: Stack, server: str) -> None:
    with Redis.from_url(address(server, layout(stack.data), ADMIN)) as client:
        found = {row["user"] for row in client.client_list()}
    assert found - {on_valkey(ADMIN)} == {on_valkey(role) for role in (NODE, *WORKERS)}


def test_the_database_knows_each_process_by_its_role_too(stack: Stack) -> None:
    with psycopg.connect(postgres.url(layout(stack.data))) as connection:
        rows = connection.execute(
            "SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        ).fetchall()
    # The pusher asks the database at its start only.
    expected = {on_postgres(role) for role in (NODE, *WORKERS) if role != PUSHER}
    assert {name for (name,) in rows} - {postgres.ROLE} == expected


@pytest.mark.parametrize("server", [LOG, BOARD])
@pytest.mark.parametrize("user", ["", "default:x@", f"{on_valkey(NODE)}:guessed@"])
def test_nobody_gets_in_without_a_role(stack: Stack, server: str, user: str) -> None:
    url = valkey.url(server, layout(stack.data)).replace("unix://", f"unix://{user}")
    with Redis.from_url(url) as client, pytest.raises(AuthenticationError):
        client.ping()


def test_only_the_relays_user_reads_the_passwords(stack: Stack) -> None:
    for path in (stack.data / "roles.key", stack.data / "run" / "log.acl", stack.data / "run" / "board.acl"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_the_operators_commands_have_the_rights_that_they_need(party: Party, stack: Stack) -> None:
    anna, bela = await party.person(), await party.person()
    line = await party.line(anna)
    assert (await line.send(bela, b"one"))["ok"]
    await accept_poison(stack, bela)
    await (await party.line(bela)).until_event("expired")  # it was set aside
    data = {"SEALSTREAM_DATA": str(stack.data), "SEALSTREAM_PARTITIONS": "4"}
    may_find_something = {"doctor", "replay audit", "quarantine retry --all"}
    for command in (
        "streams", "quarantine show", "quarantine retry --all", "quarantine drop --all --yes",
        f"users show {anna.username}", "keys rotate",
        f"limits set {anna.username} messages 600", f"limits show {anna.username}",
        f"limits clear {anna.username}", "replay audit", "replay stats", "doctor", "migrate",
        f"users close {bela.username} {bela.device_id} --yes", f"users delete {bela.username} --yes",
        "migrate --prune",
    ):  # fmt: skip
        done = sealstream(*command.split(), **data)
        assert "ops/roles.md" not in done.stdout + done.stderr, command
        assert "refuses" not in done.stderr, (command, done.stderr)
        assert done.returncode in ((0, 1) if command in may_find_something else (0,)), (
            command, done.stdout, done.stderr,
        )  # fmt: skip


def test_the_doctor_finds_functions_and_roles_as_they_must_be(stack: Stack) -> None:
    done = sealstream("doctor", "--json", SEALSTREAM_DATA=str(stack.data), SEALSTREAM_PARTITIONS="4")
    found = {row["name"]: row["found"] for row in json.loads(done.stdout) if row["is_well"]}
    assert found["functions"] == "of this version, on log and board"
    assert found["roles"] == ", ".join(f"{name}: as they must be" for name in ("database", LOG, BOARD))


async def test_a_data_directory_of_the_version_before_gets_roles_at_the_next_start() -> None:
    with data_folder() as data:
        stack = Stack(data).start()
        async with Person(stack.url()) as anna:
            await anna.register()
            assert stack.stop() == 0
            done = sealstream(
                "with-servers", sys.executable, "-c", FORGETS, SEALSTREAM_DATA=str(data),
                SEALSTREAM_PARTITIONS="4",
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            for path in (data / "roles.key", data / "run" / "log.acl", data / "run" / "board.acl"):
                path.unlink()
            again = Stack(data)
            again.port = stack.port
            again.start()
            try:
                await anna.publish()

                async def is_seen() -> bool:
                    with psycopg.connect(postgres.url(layout(data))) as connection:
                        return connection.execute("SELECT 1 FROM devices").fetchone() is not None

                await until(is_seen, seconds=20)
                assert not [name for name, text in again.logs().items() if "ops/roles.md" in text]
            finally:
                again.stop()
