"""Reading an inbox leaves everything else its turns: a node's heartbeat waits for no long entry."""

import asyncio
from uuid import uuid4

import pytest

from relay.delivery import inbox_reader
from schema import keys
from schema.inbox import Ephemeral, encode_ephemeral
from tests.support.node_on_board import NodeOnBoard
from tests.support.until import until

ITEMS = 1000


async def test_others_have_their_turns_while_a_long_entry_is_taken(board_url: str) -> None:
    user = uuid4()
    async with NodeOnBoard.at(board_url) as made:
        await made.node.start()
        wire = await made.connect(user)
        bodies = [b"%d" % number for number in range(ITEMS)]
        items = [encode_ephemeral(Ephemeral(user, 1, uuid4(), 1, body)) for body in bodies]
        pairs = [part for item in items for part in (b"e", item)]
        seen = set()
        # The node may have read most of the entry before this task hears that it was written.
        writing = asyncio.create_task(
            made.client.execute_command("XADD", keys.inbox("0"), "*", "c", 1, *pairs)
        )
        async with asyncio.timeout(20):
            while len(wire.passed) < ITEMS:
                seen.add(len(wire.passed))
                await asyncio.sleep(0)
        await writing
    assert wire.passed == bodies
    assert len(seen) > 10, seen


async def test_what_was_read_is_trimmed_when_it_is_much_or_after_a_while(
    board_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_reader, "TRIM_SECONDS", 1000.0)
    monkeypatch.setattr(inbox_reader, "BLOCK_MS", 50)
    async with NodeOnBoard.at(board_url) as made:
        await made.node.start()

        async def say(count: int, size: int) -> None:
            item = encode_ephemeral(Ephemeral(uuid4(), 1, uuid4(), 1, bytes(size)))
            await made.client.execute_command("XADD", keys.inbox("0"), "*", "c", count, "e", item)

        async def left() -> int:
            return int(await made.client.xlen(keys.inbox("0")))

        await say(1, 10)
        await until(lambda: read_up_to(made, 1))
        for count in (2, 3):
            await say(count, 10)
            await until(lambda count=count: read_up_to(made, count))
        assert await left() >= 2, "the first read was trimmed, the next ones not yet"
        await say(4, inbox_reader.TRIM_BYTES)
        await until(lambda: is_trimmed(made))
        await say(5, 10)
        monkeypatch.setattr(inbox_reader, "TRIM_SECONDS", 0.0)
        await until(lambda: is_trimmed(made))


def read_up_to(made: NodeOnBoard, count: int) -> bool:
    return made.node._inbox._count == count


async def is_trimmed(made: NodeOnBoard) -> bool:
    """Whether nothing is left but the last entry, at which the next read begins."""
    return await made.client.xlen(keys.inbox("0")) == 1
