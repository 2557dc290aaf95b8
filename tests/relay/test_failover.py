"""A failover behind a name: a server that is no primary any more is given up, its name looked up again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from redis.asyncio import Redis

from relay import log_watch
from schema import servers as clients
from schema import tasks
from schema.primaries import NotPrimary, check_client
from tests.relay.test_log_watch import Watched
from tests.support.proxy import Proxy
from tests.support.stack import free_ports
from tests.support.until import until


class Pair:
    """Two servers: the log, and one that can take over from it."""

    def __init__(self, first_url: str, second_url: str) -> None:
        self.second_url = second_url
        self._clients = Redis.from_url(first_url), Redis.from_url(second_url)
        self._ports = free_ports(2)

    async def begin(self) -> None:
        for number, client in enumerate(self._clients):
            await client.config_set("port", self._ports + number)

    async def fail_over(self) -> None:
        """The second takes over with all data, and the first becomes its replica."""
        first, second = self._clients
        await self._follow(second, self._ports)
        await second.execute_command("REPLICAOF", "NO", "ONE")
        await self._follow(first, self._ports + 1)

    async def end(self) -> None:
        for client in self._clients:
            await client.execute_command("REPLICAOF", "NO", "ONE")
            await client.flushall()
            await client.config_set("port", 0)
            await client.aclose()

    async def _follow(self, client: "Redis", port: int) -> None:
        await client.execute_command("REPLICAOF", "127.0.0.1", port)

        async def is_in_step() -> bool:
            return bool((await client.info("replication"))["master_link_status"] == "up")

        await until(is_in_step, seconds=30)


@pytest.fixture
async def pair(log_url: str, board_url: str) -> AsyncIterator[Pair]:
    made = Pair(log_url, board_url)
    await made.begin()
    yield made
    await made.end()


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

    async def goes_on() -> bool:
        return not await node.is_refused()

    await until(goes_on, seconds=5)
    assert await node.send() == 3

    async def writes() -> bool:
        with suppress(Exception):
            return bool(await node.client.set("somewhere", "new"))
        return False

    await until(writes, seconds=5)
    await node.close()


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
    with pytest.raises(NotPrimary):
        await check_client(node.client)
    with pytest.raises(NotPrimary):
        await clients.client(name.url).ping()
    name.lead_to(pair.second_url)
    await until(node.link.connected.is_set, seconds=5)
    assert await node.send() == 1
    await check_client(node.client)
    await tasks.end([watching])
    await node.close()
