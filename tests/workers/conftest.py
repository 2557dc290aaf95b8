"""Clients of the real servers, and worker processes that a test may kill, freeze and stop."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool

from schema import servers as clients
from tests.workers.moments import TEST
from tests.workers.running import Workers


@pytest.fixture
async def log(log_url: str) -> AsyncIterator[Any]:
    async with clients.client(f"{log_url}?client_name={TEST}") as client:
        yield client


@pytest.fixture
async def board(board_url: str) -> AsyncIterator[Any]:
    async with clients.client(f"{board_url}?client_name={TEST}") as client:
        yield client


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[AsyncConnectionPool[Any]]:
    async with AsyncConnectionPool(database_url, min_size=1, max_size=4, open=False, timeout=5.0) as pool:
        yield pool


@pytest.fixture
def workers(log_url: str, board_url: str, database_url: str) -> Iterator[Workers]:
    """Starts worker processes on the test's servers; whatever still runs at the end is killed."""
    running = Workers(log_url, board_url, database_url)
    yield running
    running.kill_all()
