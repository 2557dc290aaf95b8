"""Pushes reach the inboxes of the nodes that hold the devices, in order; all else is passed over."""

from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from schema import codec, functions, inbox, keys
from schema.inbox import Expired, Pushed
from tests.workers import stories
from tests.workers.stories import Said, accepted, acknowledged, expired, identity
from workers.pusher import routing
from workers.pusher.routing import push_of, route


async def connect(board: Any, node: str, user: UUID, device: int, *, alive: bool = True) -> None:
    if alive:
        await board.zadd(keys.NODES, {node: 1})
    await board.hset(keys.presence(user), device, f"{node} socket-{device}")


async def push(board: Any, *story: Said) -> None:
    pushes = [push for said in story if (push := push_of(stories.fields(said))) is not None]
    await route(partial(functions.call, board, "workers"), pushes)


async def told(board: Any, node: str) -> list[list[inbox.Item]]:
    """The items per inbox entry; the counts must have no gap."""
    entries = [list(fields.items()) for _, fields in await board.xrange(keys.inbox(node))]
    counts = [int(dict(pairs)[inbox.COUNT]) for pairs in entries]
    assert counts == list(range(1, len(entries) + 1))
    return [inbox.read(pairs)[0] for pairs in entries]


async def test_a_batch_becomes_one_entry_per_node_in_the_order_of_the_log(board) -> None:
    ann, bob = uuid4(), uuid4()
    await connect(board, "n1", ann, 1)
    await connect(board, "n2", ann, 2)
    await connect(board, "n1", bob, 1)
    story = [accepted(ann, 1, 1), accepted(ann, 2, 1), accepted(bob, 1, 7), accepted(ann, 1, 2)]
    await push(board, *story)
    assert await told(board, "n1") == [
        [Pushed(1, story[0][0]), Pushed(7, story[2][0]), Pushed(2, story[3][0])]
    ]
    assert await told(board, "n2") == [[Pushed(1, story[1][0])]]


async def test_an_expiry_is_told_and_nothing_else_that_the_log_says(board) -> None:
    user = uuid4()
    await connect(board, "n1", user, 1)
    gone = expired(user, 1, 9, 3)
    await push(board, identity(user), acknowledged(user, 1, 2), gone, stories.uploaded(user, 1, 1))
    assert await told(board, "n1") == [[Expired(9, gone[0])]]


async def test_what_the_node_hands_over_itself_is_passed_over(board) -> None:
    """An entry with an earlier name of the node, or another's, is pushed; so is any once the board came back
    empty."""
    user = uuid4()
    await connect(board, "n1", user, 1)
    story = [accepted(user, 1, seq) for seq in range(1, 5)]
    names = [b"n1.1", b"n1.0", b"n2.1", b""]
    pushes = [push_from(said, name) for said, name in zip(story, names, strict=True)]
    await board.hset(keys.SERVING, "n1", "n1.1")
    await route(partial(functions.call, board, "workers"), pushes)
    assert await told(board, "n1") == [[Pushed(seq, story[seq - 1][0]) for seq in (2, 3, 4)]]
    await board.delete(keys.SERVING)
    await route(partial(functions.call, board, "workers"), pushes[:1])
    assert (await told(board, "n1"))[1] == [Pushed(1, story[0][0])]


def push_from(said: Said, server: bytes) -> Any:
    """The push of an entry that this node accepted."""
    return push_of({**stories.fields(said), codec.SERVER_FIELD: server})


async def test_a_device_that_is_not_online_is_passed_over(board) -> None:
    await push(board, accepted(uuid4(), 1, 1))
    assert await board.keys("{board}:inbox:*") == []


async def test_a_node_that_is_gone_is_told_nothing(board) -> None:
    user = uuid4()
    await connect(board, "dead", user, 1, alive=False)
    await push(board, accepted(user, 1, 1))
    assert await board.keys("{board}:*") == [keys.presence(user).encode()]


async def test_a_batch_that_comes_again_is_pushed_again_and_counted(board) -> None:
    user = uuid4()
    await connect(board, "n1", user, 1)
    one = accepted(user, 1, 1)
    await push(board, one)
    await push(board, one)
    assert await told(board, "n1") == [[Pushed(1, one[0])]] * 2


async def test_a_large_batch_is_cut_into_entries_that_lua_can_unpack(board) -> None:
    user = uuid4()
    await connect(board, "n1", user, 1)
    await push(board, *(accepted(user, 1, seq) for seq in range(1, 2001)))
    entries = await told(board, "n1")
    assert [item.seq for items in entries for item in items] == list(range(1, 2001))
    assert max(map(len, entries)) == routing.INBOX_PAIRS


async def test_large_bodies_are_cut_by_their_bytes(board) -> None:
    user = uuid4()
    await connect(board, "n1", user, 1)
    body = bytes(64 * 1024)
    await push(board, *(accepted(user, 1, seq, body=body) for seq in range(1, 101)))
    entries = await told(board, "n1")
    assert [item.seq for items in entries for item in items] == list(range(1, 101))
    assert max(map(len, entries)) < 9


async def test_a_board_that_lost_its_functions_gets_them_again(board) -> None:
    user = uuid4()
    await connect(board, "n1", user, 1)
    await board.execute_command("FUNCTION FLUSH")
    await push(board, accepted(user, 1, 1))
    assert len(await told(board, "n1")) == 1


@pytest.mark.parametrize("name", functions.names("workers"))
async def test_every_function_loads_and_is_named_as_its_file(board, name) -> None:
    assert await board.execute_command("FUNCTION LOAD", "REPLACE", functions.source("workers", name))
    own = functions.called("workers", name)
    assert own.startswith(f"sealstream_{name}_")
    ((_, library, *_, defined),) = await board.execute_command("FUNCTION LIST", "LIBRARYNAME", own)
    assert (library, len(defined), own.encode() in defined[0]) == (own.encode(), 1, True)
