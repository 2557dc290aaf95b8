"""The proxy does to a connection what its methods say."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.support.proxy import Proxy


@pytest.fixture
async def proxy(board_url: str) -> AsyncIterator[Proxy]:
    async with Proxy.before(board_url) as made:
        yield made


@pytest.fixture
async def client(proxy: Proxy) -> AsyncIterator["Redis"]:
    async with Redis.from_url(proxy.url, retry=Retry(NoBackoff(), 0)) as made:
        await made.ping()
        yield made


@pytest.fixture
async def direct(board_url: str) -> AsyncIterator["Redis"]:
    async with Redis.from_url(board_url) as made:
        yield made


async def test_a_stall_holds_what_is_asked_until_it_is_mended(
    proxy: Proxy, client: "Redis", direct: "Redis"
) -> None:
    proxy.stall()
    asking = asyncio.create_task(client.incr("asked"))
    await asyncio.sleep(0.1)
    assert not asking.done()
    assert await direct.get("asked") is None
    proxy.mend()
    assert await asking == 1


async def test_half_open_the_command_is_done_and_its_answer_is_not_heard(
    proxy: Proxy, client: "Redis", direct: "Redis"
) -> None:
    proxy.half_open()
    asking = asyncio.create_task(client.incr("asked"))
    async with asyncio.timeout(5):
        while await direct.get("asked") is None:  # noqa: ASYNC110 - polled
            await asyncio.sleep(0.01)
    assert not asking.done()
    proxy.cut()
    with pytest.raises(RedisConnectionError):
        await asking


async def test_cut_and_away_nobody_is_served(proxy: Proxy, client: "Redis") -> None:
    proxy.away = True
    proxy.cut()
    for _ in range(2):
        with pytest.raises((RedisConnectionError, OSError)):
            await client.ping()
    proxy.mend()
    assert await client.ping()


async def test_a_delay_keeps_the_order(proxy: Proxy, client: "Redis") -> None:
    proxy.delay = 0.02
    async with client.pipeline(transaction=False) as pipeline:
        for _ in range(10):
            pipeline.incr("number")
        assert await pipeline.execute() == list(range(1, 11))


@pytest.mark.parametrize("turns", range(6))
async def test_it_leaves_no_connection_open_however_new(board_url: str, turns: int) -> None:
    async with Proxy.before(board_url) as proxy:
        port = int(proxy.url.rsplit(":", 1)[1])
        asking = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(2)]
        for _ in range(turns):
            await asyncio.sleep(0)
    for one in asking:
        with one, suppress(ConnectionResetError):
            assert one.recv(1) == b""
