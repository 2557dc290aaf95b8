"""A failover behind a name: a server that is no primary any more is given up, its name looked up again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from dataclasses import replace

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MasterDownError

from ops.child import Program
from relay.log import watch as log_watch
from schema import servers as clients
from schema import tasks
from schema.primaries import NotPrimary, check_client
from tests.relay.log.test_watch import Watched
from tests.servers import Servers
from tests.support.failover import Pair
from tests.support.proxy import Proxy
from tests.support.until import until

KEYS_TO_LOAD = 5_000


@pytest.fixture
async def pair(log_url: str, board_url: str) -> AsyncIterator[Pair]:
    async with Pair.of(log_url, board_url) as made:
        yield made


@pytest.fixture
async def name(log_url: str) -> AsyncIterator[Proxy]:
    async with Proxy.before(log_url) as proxy:
        yield proxy


async def test_sends_go_on_at_the_server_that_took_over(pair: Pair, name: Proxy) -> None:
    node = Watched(name.url)
    await node.begin()
    assert await node.send() == 1
    assert await node.client.ping()
    await pair.fail_over()
    name.lead_to(pair.second_url)
    assert await node.is_refused(), "the server that it still holds takes no writes"

    await until(lambda: _accepts(node), seconds=5)
    assert await node.send() == 3

    async def writes() -> bool:
        with suppress(Exception):
            return bool(await node.client.set("somewhere", "new"))
        return False

    await until(writes, seconds=5)
    await node.close()


async def test_a_server_that_lost_its_primary_is_given_up(pair: Pair, name: Proxy) -> None:
    node = Watched(name.url)
    await node.begin()
    assert await node.send() == 1
    assert await node.client.ping()
    await pair.fail_over()
    await pair.cut_off()
    name.lead_to(pair.second_url)
    with pytest.raises(MasterDownError):
        await node.client.get("somewhere")
    assert await node.client.get("somewhere") is None
    assert await node.is_refused()
    await until(lambda: _accepts(node), seconds=5)
    await node.close()


async def test_a_server_that_loads_its_data_is_waited_for(servers: Servers, log_url: str) -> None:
    node = Watched(log_url)
    await node.begin()
    async with node.plain.pipeline(transaction=False) as filling:
        for number in range(KEYS_TO_LOAD):
            filling.set(f"filling:{number}", "")
        await filling.execute()
    servers.kill("log")
    await until(lambda: not node.link.connected.is_set(), seconds=5)
    servers.start_missing(log=slowly_loading(servers))
    await until(lambda: _loads(log_url), seconds=10)
    assert await node.is_refused()
    await until(lambda: _accepts(node), seconds=20)
    assert await node.client.ping()
    await node.close()


def slowly_loading(servers: Servers) -> Program:
    """The log, as if it had more to read; it answers after each 1,024 keys."""
    program = servers.program("log")
    slowly = ("--key-load-delay", "400")
    return replace(program, argv=(*program.argv, *slowly))


async def _accepts(node: Watched) -> bool:
    return not await node.is_refused()


async def _loads(url: str) -> bool:
    """Whether the server says so."""
    try:
        reading, writing = await asyncio.open_unix_connection(url.removeprefix("unix://"))
    except OSError:
        return False
    writing.write(b"PING\r\n")
    said = await reading.readline()
    writing.close()
    await writing.wait_closed()
    return said.startswith(b"-LOADING")


async def is_refused_as_a_replica(asking: Awaitable[object]) -> bool:
    """False for a connection that was still that of the former primary, and was closed."""
    try:
        await asking
    except NotPrimary:
        return True
    except RedisConnectionError:
        return False
    raise AssertionError("a replica was taken for the primary")


async def test_a_name_that_leads_to_a_replica_is_a_server_that_is_away(
    pair: Pair, name: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_watch, "INTERVAL_SECONDS", 0.05)
    node = Watched(name.url)
    await node.begin()
    watching = asyncio.create_task(node.watch.run(node.link))
    await check_client(node.client)
    await pair.fail_over()
    await until(lambda: not node.link.connected.is_set(), seconds=5)
    assert await node.is_refused()
    await until(lambda: is_refused_as_a_replica(check_client(node.client)), seconds=5)
    await until(lambda: is_refused_as_a_replica(clients.client(name.url).ping()), seconds=5)
    name.lead_to(pair.second_url)
    await until(node.link.connected.is_set, seconds=5)
    assert await node.send() == 1
    await check_client(node.client)
    await tasks.end([watching])
    await node.close()
