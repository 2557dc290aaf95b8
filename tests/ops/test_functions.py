"""Functions are installed by who may, and those of older versions go when no process calls them any more."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from click.testing import CliRunner
from redis.asyncio import Redis

from ops import functions as ours
from ops.cli import main
from schema import functions
from schema import servers as clients
from schema.functions import FunctionsMissing
from schema.roles import NODE, on_valkey
from schema.roles.valkey import LOG, rules
from tests.ops.test_child import wait_until
from tests.servers import Servers
from tests.support.processes import Process
from tests.support.stack import clean_environment

OLD = "sealstream_accept_0123456789abcdef"
TEXT = "#!lua name={0}\nredis.register_function('{0}', function(keys, args) return 1 end)"


@pytest.fixture
async def client(log_url: str) -> "AsyncIterator[Redis]":
    client: Redis = clients.client(log_url)  # type: ignore[assignment]
    await client.execute_command("FUNCTION", "FLUSH")
    yield client
    await client.execute_command("FUNCTION", "FLUSH")
    await client.aclose()


async def names(client: "Redis") -> set[str]:
    return functions.libraries(await client.execute_command("FUNCTION LIST"))


async def load(client: "Redis", *libraries: str) -> None:
    for name in libraries:
        await client.execute_command("FUNCTION", "LOAD", TEXT.format(name))


async def test_what_is_missing_is_loaded_and_the_rest_left_alone(client: "Redis") -> None:
    assert await ours.missing(client)
    await ours.install(client)
    assert await ours.missing(client) == []
    there = await names(client)
    await load(client, "somebody_elses", OLD)
    await ours.install(client)
    assert await names(client) == there | {"somebody_elses", OLD}


async def test_a_role_finds_the_functions_and_loads_none(client: "Redis", log_url: str) -> None:
    user = on_valkey(NODE)
    await client.execute_command("ACL", "SETUSER", user, "reset", ">secret", *rules(NODE, LOG))
    process = clients.client(log_url.replace("unix://", f"unix://{user}:secret@"))
    try:
        with pytest.raises(FunctionsMissing):
            await functions.install(process, "relay")
        await ours.install(client)
        await functions.install(process, "relay")
    finally:
        await process.aclose()
        await client.execute_command("ACL", "DELUSER", user)


async def test_older_functions_go_and_nobody_elses(client: "Redis") -> None:
    await ours.install(client)
    there = await names(client)
    await load(client, "somebody_elses", OLD, "sealstream_accept")
    pruned = await ours.prune(client, insists=False)
    assert pruned == ours.Pruned(("sealstream_accept", OLD))
    assert await names(client) == there | {"somebody_elses"}
    assert await ours.prune(client, insists=False) == ours.Pruned()


@pytest.mark.parametrize("name", ["sealstream-0123456789abcdef", ""])
async def test_older_functions_stay_while_an_older_process_is_connected(
    client: "Redis", log_url: str, name: str
) -> None:
    await load(client, OLD)
    async with Redis.from_url(log_url, client_name=name or None) as older:
        await older.fcall(OLD, 0)
        assert (await ours.prune(client, insists=False)).older == 1
        assert OLD in await names(client)
        assert await ours.prune(client, insists=True) == ours.Pruned((OLD,))


def test_the_command_installs_prunes_and_says_what_it_removed(
    log_url: str, board_url: str, database_url: str
) -> None:
    urls = {"LOG": log_url, "BOARD": board_url, "DATABASE": database_url}
    env = {f"SEALSTREAM_{name}_URL": url for name, url in urls.items()}
    from redis import Redis as Blocking

    with Blocking.from_url(log_url) as log:
        log.execute_command("FUNCTION", "LOAD", "REPLACE", TEXT.format(OLD))
        done = CliRunner().invoke(main, ["migrate"], env=env)
        assert done.exit_code == 0, done.output
        assert "Log and board have this version's functions." in done.output
        assert OLD.encode() in str(log.execute_command("FUNCTION", "LIST")).encode()
        with Blocking.from_url(log_url, client_name="sealstream-0123456789abcdef") as older:
            older.ping()
            done = CliRunner().invoke(main, ["migrate", "--prune"], env=env)
            assert done.exit_code == 1
            assert "The log: 1 connection of another version" in done.output
            assert "--yes" in done.output
        done = CliRunner().invoke(main, ["migrate", "--prune"], env=env)
        assert done.exit_code == 0, done.output
        assert f"The log: removed {OLD}." in done.output
        assert "The board: nothing to remove." in done.output


def test_with_stay_a_board_that_restarts_gets_its_functions_again(
    servers: Servers, log_url: str, board_url: str, database_url: str
) -> None:
    urls = {"LOG": log_url, "BOARD": board_url, "DATABASE": database_url}
    environment = clean_environment(**{f"SEALSTREAM_{name}_URL": url for name, url in urls.items()})
    process, lines = Process.with_lines("sealstream", "migrate", "--stay", environment=environment)
    with lines:
        assert any("this version's functions" in line for line in lines)
        servers.kill("board")
        servers.revive()

        def lacks() -> list[str]:
            async def ask() -> list[str]:
                client = clients.client(board_url)
                try:
                    return await ours.missing(client)
                finally:
                    await client.aclose()

            return asyncio.run(ask())

        wait_until(lambda: not lacks(), seconds=20)
        process.terminate()
        process.wait(10)
