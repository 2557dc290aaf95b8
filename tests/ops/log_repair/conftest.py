"""A log and a database, to be lost and restored."""

from collections.abc import AsyncIterator

import pytest

from tests.support.log_and_database import LogAndDatabase


@pytest.fixture
async def world(log_url: str, database_url: str) -> AsyncIterator[LogAndDatabase]:
    async with LogAndDatabase.on(log_url, database_url) as made:
        yield made
