"""A messenger on servers that the tests stop and start: the log, the board and Postgres are outside `up`."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.servers import Servers
from tests.support.stack import Stack, data_folder
from tests.wire.conftest import Party


@pytest.fixture
def outside(servers: Servers, log_url: str, board_url: str, database_url: str) -> Iterator[Stack]:
    """`sealstream up` with the operator's own servers."""
    with data_folder() as data:
        running = Stack(
            data,
            SEALSTREAM_LOG_URL=log_url,
            SEALSTREAM_BOARD_URL=board_url,
            SEALSTREAM_DATABASE_URL=database_url,
            SEALSTREAM_MESSAGES_PER_MINUTE="100000",
            SEALSTREAM_CONNECTIONS_PER_MINUTE="1000",
        ).start()
        yield running
        servers.revive()
        running.stop()


@pytest.fixture
async def party(outside: Stack) -> AsyncIterator[Party]:
    gathered = Party(outside.url())
    yield gathered
    await gathered.close()
