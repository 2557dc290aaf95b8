"""Clients of the log and the board: what they promise beside speaking the protocol."""

import asyncio

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from schema import servers
from tests.support.proxy import Proxy


def test_a_url_says_whether_it_names_a_cluster() -> None:
    assert servers.is_cluster("redis://node:6379?cluster=true")
    assert not servers.is_cluster("redis://node:6379")
    assert not servers.is_cluster("redis://node:6379?cluster=false")


async def test_a_connection_that_is_open_at_this_end_only_is_given_up(log_url: str) -> None:
    async with Proxy.before(log_url) as proxy:
        client = servers.client(proxy.url, reply_seconds=0.3)
        assert await client.ping()
        proxy.half_open()
        async with asyncio.timeout(8):
            with pytest.raises(RedisTimeoutError):
                await client.xread({"nothing": "$"}, block=100)
        proxy.mend()
        assert await client.ping(), "on a new connection"
        await client.aclose()


async def test_a_cluster_that_is_away_raises_as_one_server_does() -> None:
    client = servers.client("redis://127.0.0.1:1?cluster=true")
    with pytest.raises(RedisError):
        await client.get("x")
    await client.aclose()


async def test_a_read_that_blocks_is_not_given_up(log_url: str) -> None:
    client = servers.client(log_url, reply_seconds=1.0)
    assert not await client.xread({"nothing": "$"}, block=400)
    await client.aclose()


async def test_nothing_is_repeated_by_itself(log_url: str) -> None:
    async with Proxy.before(log_url) as proxy:
        client = servers.client(proxy.url, reply_seconds=0.3)
        await client.set("counter", 0)
        proxy.half_open()
        with pytest.raises((RedisTimeoutError, RedisConnectionError)):
            await client.incr("counter")
        proxy.mend()
        await asyncio.sleep(0.2)
        assert await client.get("counter") == b"1"
        await client.aclose()
