"""The hot path's connection reads an address as every other client does."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ResponseError

from schema import servers, tasks
from schema.link import Link
from tests.support.certificates import tls_server
from tests.support.proxy import Proxy


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[tuple[Link, Any]]:
    """A link and a client of one address."""
    link, client = Link(url, name="log"), servers.client(url)
    try:
        await link.start()
        yield link, client
    finally:
        await link.close()
        await client.aclose()


async def assert_they_meet(url: str) -> None:
    async with opened(url) as (link, client):
        await link.execute("SET", "where", "here")
        assert await client.get("where") == b"here"


@pytest.mark.parametrize("address", ["{tcp}?db=1", "{tcp}/1", "{tcp}/3?db=1", "{unix}?db=1"])
async def test_the_number_of_a_database_is_honoured_however_it_is_written(log_url: str, address: str) -> None:
    async with Proxy.before(log_url) as proxy:
        await assert_they_meet(address.format(tcp=proxy.url, unix=log_url))
        client = servers.client(log_url)
        assert not await client.exists("where"), "it went into database 0"
        await client.aclose()


async def test_a_number_that_the_server_does_not_have_is_no_connection(log_url: str) -> None:
    async with opened(log_url) as (_, client):
        assert await client.ping()
    with pytest.raises(Exception, match="DB index"):
        await Link(f"{log_url}?db=99", name="log").start()


async def test_a_quoted_path_names_the_socket(log_url: str, tmp_path: Path) -> None:
    (tmp_path / "a b.sock").symlink_to(log_url.removeprefix("unix://"))
    await assert_they_meet(f"unix://{tmp_path}/a%20b.sock")


async def test_user_and_password_of_the_address_are_those_of_the_connection(log_url: str) -> None:
    administrator = servers.client(log_url)
    rights = {"enabled": True, "passwords": ["+se:cr@et"], "keys": ["*"], "commands": ["+@all"]}
    await administrator.acl_setuser("somebody", **rights)
    async with Proxy.before(log_url) as proxy:
        where = proxy.url.removeprefix("redis://")
        url = f"redis://somebody:se%3Acr%40et@{where}"
        await assert_they_meet(url)
        async with opened(url) as (link, _):
            assert await link.execute("ACL", "WHOAMI") == b"somebody"
        with pytest.raises(ResponseError, match="WRONGPASS"):
            await Link(f"redis://somebody:other@{where}", name="log").start()
    await administrator.acl_deluser("somebody")
    await administrator.aclose()


async def test_an_option_of_our_own_is_not_handed_on(log_url: str) -> None:
    await assert_they_meet(f"{log_url}?cluster=false")


async def test_tls_trusts_the_authority_that_the_address_names(log_url: str, tmp_path: Path) -> None:
    context, ca = tls_server(tmp_path)
    async with Proxy.before(log_url, tls=context) as proxy:
        await assert_they_meet(f"{proxy.url}?ssl_ca_certs={ca}")
        await assert_they_meet(f"{proxy.url}?ssl_cert_reqs=none")
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.wait_for(Link(proxy.url, name="log").start(), 5)


async def test_closing_ends_it_also_when_a_cancellation_is_lost(log_url: str) -> None:
    """As `asyncio.wait_for` loses one before Python 3.12."""
    reopening, lost = asyncio.Event(), asyncio.Event()

    async def check(_execute: Any) -> None:
        if not link.connected.is_set() and started:
            reopening.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if lost.is_set():
                    raise
                lost.set()

    started = False
    link = Link(log_url, name="log", check=check)
    await link.start()
    started = True
    link.drop()
    await reopening.wait()
    closing = asyncio.create_task(link.close())
    closed, _ = await asyncio.wait({closing}, timeout=10)
    await tasks.end([closing])
    assert lost.is_set()
    assert closed
