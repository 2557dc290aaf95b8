"""A node's loops run for ever, or the node says that it has failed."""

import asyncio
from typing import Any
from uuid import uuid4

from relay.inbox_reader import InboxReader
from relay.link import Link
from relay.node import Node
from relay.presence import Presence
from relay.sockets.registry import Registry
from schema import functions, servers, tasks
from schema.clock import now_ms


async def test_a_loop_that_ends_by_a_bug_is_not_passed_over(board_url: str) -> None:
    client = servers.client(board_url)
    link = Link(board_url, name="board")
    await link.start()
    unused: Any = None  # nobody connects and nothing is drained here
    registry = Registry()
    presence = Presence(link, f"0-{uuid4().hex[:6]}", lambda: functions.install(client, "relay"))
    node = Node(
        server=unused,
        registry=registry,
        calls=unused,
        catch_up=unused,
        presence=presence,
        inbox=InboxReader(link, "0", registry, unused, now_ms),
        now=now_ms,
    )
    healthy = asyncio.Event()

    async def broken() -> None:
        await healthy.wait()
        raise ZeroDivisionError

    try:
        await node.start(broken())
        await asyncio.sleep(0.05)
        assert not node.failed.is_set()
        healthy.set()
        async with asyncio.timeout(2):
            await node.failed.wait()
    finally:
        await tasks.end(node._loops)
        await link.close()
        await client.aclose()
