from typing import Any
from uuid import UUID

import pytest

from schema import functions, keys
from schema.partitions import partition_of
from tests.workers.moments import users_of_every_partition
from tests.workers.running import PARTITIONS
from workers.pusher import reader as reading


@pytest.fixture
def quick_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOVE_SECONDS", 0.05)
    monkeypatch.setattr(reading, "BLOCK_MS", 50)


@pytest.fixture
async def users(log: Any, board: Any) -> list[UUID]:
    """One user of each partition, in the order of the partitions, online at the node n1."""
    await functions.install(log, "workers")
    users = sorted(users_of_every_partition(), key=lambda user: partition_of(user, PARTITIONS))
    await board.zadd(keys.NODES, {"n1": 1})
    for user in users:
        await board.hset(keys.presence(user), 1, "n1 socket")
    return users
