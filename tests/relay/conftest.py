"""A node's HTTP side for the tests of this folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schema.settings import Settings
from tests.support.relay import Relay, make_settings, relay


@pytest.fixture
def settings(log_url: str, board_url: str, database_url: str, tmp_path: Path) -> Settings:
    """The default settings on the test's own servers, with room for many people at one address."""
    return make_settings(log_url, board_url, database_url, tmp_path)


@pytest.fixture
async def node(settings: Settings) -> AsyncIterator[Relay]:
    """A served node."""
    async with relay(settings) as running:
        yield running
