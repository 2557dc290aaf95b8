"""Reading an inbox leaves everything else its turns: a node's heartbeat waits for no long entry."""

import asyncio
from uuid import uuid4

from schema import keys
from schema.inbox import Ephemeral, encode_ephemeral
from tests.support.node_on_board import NodeOnBoard

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
        await made.client.execute_command("XADD", keys.inbox("0"), "*", "c", 1, *pairs)
        async with asyncio.timeout(20):
            while len(wire.passed) < ITEMS:
                seen.add(len(wire.passed))
                await asyncio.sleep(0)
    assert wire.passed == bodies
    assert len(seen) > 10, seen
