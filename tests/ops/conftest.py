"""A relay as its operator finds it, without its processes: what they leave on the servers is there."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from ops.doctor.checks.reading import WORKERS
from ops.streams.groups import sources
from schema import functions, keys
from tests.ops.hand import Hand

PARTITIONS = 2


def with_functions(client: Any) -> None:
    """The server has the functions, as a relay leaves them."""
    there = functions.libraries(client.execute_command("FUNCTION LIST"))
    for package in functions.PACKAGES:
        for name in functions.names(package):
            if functions.called(package, name) not in there:
                client.execute_command("FUNCTION LOAD", functions.source(package, name))


@pytest.fixture
def log(log_url: str) -> Iterator[Any]:
    """A log with its groups, as workers create them."""
    with Redis.from_url(log_url) as client:
        with_functions(client)
        client.set(keys.PARTITION_COUNT, PARTITIONS)
        for source in sources(PARTITIONS):
            client.xgroup_create(source.stream, source.group, id="0", mkstream=True)
        yield client


@pytest.fixture
def board(board_url: str) -> Iterator[Any]:
    """A board on which every worker says that it lives."""
    with Redis.from_url(board_url) as client:
        with_functions(client)
        for name in WORKERS:
            client.zadd(keys.members(name), {"one": int(time.time() * 1000)})
        yield client


@pytest.fixture
def hand(log: Any, board: Any, log_url: str, board_url: str, database_url: str, tmp_path: Path) -> Hand:
    """The operator's hand on it."""
    return Hand(
        SEALSTREAM_DATA=str(tmp_path / "data"),
        SEALSTREAM_LOG_URL=log_url,
        SEALSTREAM_BOARD_URL=board_url,
        SEALSTREAM_DATABASE_URL=database_url,
        SEALSTREAM_PARTITIONS=str(PARTITIONS),
    )
