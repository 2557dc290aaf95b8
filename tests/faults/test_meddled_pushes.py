"""Pushes come doubled, backwards, ahead of time or not at all: every envelope is shown once, in order."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from schema import codec, keys, tasks
from schema.events import EnvelopeAccepted
from tests.support.house import PARTITIONS, House
from tests.support.until import until


async def test_what_is_pushed_wrongly_is_shown_once_and_in_order(house: House) -> None:
    urls = [house.url(number % 2) for number in range(6)]
    async with house.crowd(*urls) as crowd, crowd.connected(), meddling(house), crowd.writing(pause=0.0):
        await until(lambda: crowd.accepted() > 600, seconds=60)
        await until(lambda: every_node_lost_some(house), seconds=60)
    assert all(chatter.connections == 1 for chatter in crowd.chatters)


def every_node_lost_some(house: House) -> bool:
    logs = house.stack.logs()
    return all("inbox_entries_lost" in logs[f"node-{number}"] for number in range(2))


@asynccontextmanager
async def meddling(house: House) -> AsyncIterator[None]:
    """Somebody writes copies of every push into the nodes' inboxes, backwards, and takes entries out."""
    async with house.client("log") as log, house.client("board") as board:
        task = asyncio.create_task(meddle(log, board))
        try:
            yield
        finally:
            assert not task.done() or task.exception() is None
            await tasks.end([task])


async def meddle(log: Any, board: Any) -> None:
    chance = random.Random(7)
    # From the beginning: what is behind "$" is passed over while another log has more to read.
    positions: dict[Any, Any] = {keys.log(partition): "0" for partition in range(PARTITIONS)}
    while True:
        pushes = []
        for name, entries in await log.xread(positions, block=200):
            positions[name.decode()] = entries[-1][0]
            for _, fields in entries:
                event, seq = codec.decode_entry(fields)
                if isinstance(event, EnvelopeAccepted):
                    pushes.append((event, f"p:{seq}", fields[codec.EVENT_FIELD]))
        for event, field, value in reversed(pushes + pushes):
            where = await board.hget(keys.presence(event.user), event.device)
            if where is None:
                continue
            node = where.decode().split(" ")[0]
            count = await board.incr(keys.inbox_count(node))
            if chance.random() < 0.05:
                await board.xtrim(keys.inbox(node), maxlen=0)  # what was not read is lost
            elif chance.random() < 0.9:
                await board.xadd(keys.inbox(node), {"c": count, field: value})
