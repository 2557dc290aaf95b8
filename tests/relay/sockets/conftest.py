"""What the tests of sockets share."""

from collections.abc import AsyncIterator

import pytest

from tests.support.served_engine import Served


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    made = Served()
    await made.begin()
    yield made
    await made.close()
