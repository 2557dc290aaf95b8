"""One messenger for all of these tests, because it takes seconds to start: each must leave it healed, and the
next one waits until it is. It stops after the last of them, because it uses a tenth of a core while idle.
"""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.servers import Servers
from tests.support.house import House
from tests.wire.conftest import Party


@pytest.fixture(scope="package")
def _house() -> Iterator[House]:
    with House.running() as running:
        yield running


@pytest.fixture
async def house(_house: House) -> AsyncIterator[House]:
    """Everything runs at the beginning and at the end."""
    await _house.healed()
    yield _house
    await _house.healed()


@pytest.fixture
def servers(house: House) -> Servers:
    """The log, the board and Postgres of the house."""
    return house.servers


@pytest.fixture
async def party(house: House) -> AsyncIterator[Party]:
    gathered = Party(house.url())
    yield gathered
    await house.revive()
    await gathered.close()
