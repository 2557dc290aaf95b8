"""What nodes that are gone left on the board is swept away; nodes that live keep all of theirs."""

import time
from typing import Any
from uuid import UUID, uuid4

from schema import keys
from workers.retention.sweeping import sweep


async def connect(board: Any, node: str, user: UUID, device: int) -> None:
    await board.hset(keys.presence(user), device, f"{node} socket")
    await board.sadd(keys.node_sockets(node), f"{user} {device}")
    await board.xadd(keys.inbox(node), {"c": 1})
    await board.set(keys.inbox_count(node), 1)


async def beat(board: Any, node: str, seconds_ago: float = 0) -> None:
    await board.zadd(keys.NODES, {node: (time.time() - seconds_ago) * 1000})


async def test_a_node_long_silent_goes_with_its_sockets_and_inbox(board) -> None:
    ann, bob = uuid4(), uuid4()
    await beat(board, "lives")
    await beat(board, "dead", 120)
    await connect(board, "lives", ann, 1)
    await connect(board, "dead", ann, 2)
    await connect(board, "dead", bob, 1)
    assert await sweep(board) > 0
    assert await board.zrange(keys.NODES, 0, -1) == [b"lives"]
    assert await board.hgetall(keys.presence(ann)) == {b"1": b"lives socket"}
    assert sorted(await board.keys("*")) == sorted(
        name.encode()
        for name in (
            keys.NODES, keys.presence(ann), keys.node_sockets("lives"), keys.inbox("lives"),
            keys.inbox_count("lives"),
        )
    )  # fmt: skip
    assert await sweep(board) == 0


async def test_a_watcher_is_told_that_the_dead_nodes_user_is_offline(board) -> None:
    ann, bob = uuid4(), uuid4()
    await beat(board, "lives")
    await beat(board, "dead", 120)
    await connect(board, "lives", ann, 1)
    await connect(board, "dead", bob, 1)
    for user, other in ((ann, bob), (bob, ann)):
        await board.sadd(keys.watch_of(user, 1), str(other))
        await board.hset(keys.watch(user), str(other), 1)
    await sweep(board)
    told = [fields for _, fields in await board.xrange(keys.inbox("lives"))]
    assert told[-1][b"off"] == f"{ann} {bob}".encode()


async def test_what_is_left_of_a_node_that_the_board_does_not_know_goes(board) -> None:
    user = uuid4()
    await connect(board, "unknown", user, 1)
    await sweep(board)
    assert await board.keys("*") == []


async def test_presence_that_points_to_an_unknown_node_goes_and_the_rest_stays(board) -> None:
    user = uuid4()
    await beat(board, "lives")
    await connect(board, "lives", user, 1)
    await board.hset(keys.presence(user), 2, "unknown socket")
    assert await sweep(board) == 1
    assert await board.hgetall(keys.presence(user)) == {b"1": b"lives socket"}


async def test_an_empty_board_needs_no_sweeping(board) -> None:
    assert await sweep(board) == 0
