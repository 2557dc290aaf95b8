"""A node's HTTP side for the tests of this folder."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from schema import functions, servers
from schema.link import Link
from schema.settings import Settings
from tests.support.directory_log import DirectoryLog
from tests.support.limits_board import Board
from tests.support.mailboxes import World
from tests.support.relay import Relay, install_policy, make_settings, relay


@pytest.fixture
def settings(log_url: str, board_url: str, database_url: str, tmp_path: Path) -> Settings:
    """The default settings on the test's own servers, with room for many people at one address."""
    return make_settings(log_url, board_url, database_url, tmp_path)


@pytest.fixture
async def node(settings: Settings) -> AsyncIterator[Relay]:
    """A served node."""
    async with relay(settings) as running:
        yield running


@pytest.fixture
async def board(settings: Settings) -> AsyncIterator[Board]:
    """A board with functions and policy."""
    async with AsyncExitStack() as stack:
        client, log = servers.client(settings.board_url or ""), servers.client(settings.log_url or "")
        stack.push_async_callback(client.aclose)
        stack.push_async_callback(log.aclose)
        await functions.install(client, "relay")
        await install_policy(client, settings)
        yield Board(client, log, settings, stack)


@pytest.fixture
def user() -> str:
    """Somebody whose limits these are."""
    return str(uuid4())


@pytest.fixture
async def world(log_url: str) -> AsyncIterator[World]:
    client: Redis[bytes] = Redis.from_url(log_url)
    await client.flushall()
    link = Link(log_url, name="log")
    await link.start()
    yield World(client, link)
    await link.close()
    await client.aclose()


@pytest.fixture
async def log(log_url: str) -> AsyncIterator[DirectoryLog]:
    """A log with the directory's functions."""
    async with DirectoryLog.at(log_url) as made:
        yield made
