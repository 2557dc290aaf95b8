"""A node's loops run for ever, or the node says that it failed."""

import asyncio

from tests.support.node_on_board import NodeOnBoard


async def test_a_loop_that_ends_by_a_bug_is_not_passed_over(board_url: str) -> None:
    healthy = asyncio.Event()

    async def broken() -> None:
        await healthy.wait()
        raise ZeroDivisionError

    async with NodeOnBoard.at(board_url) as made:
        await made.node.start(broken())
        await asyncio.sleep(0.05)
        assert not made.node.failed.is_set()
        healthy.set()
        async with asyncio.timeout(5):
            await made.node.failed.wait()
