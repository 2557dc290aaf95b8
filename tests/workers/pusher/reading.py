"""A pusher's reader, and what nodes were told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID

from schema import functions, keys
from schema.link import Link
from tests.workers.running import PARTITIONS
from tests.workers.stories import Said, accepted
from workers.pusher.reader import Reader


@asynccontextmanager
async def following(
    log: Any, log_url: str, call: Any, name: str = "one", partitions: range = range(PARTITIONS)
) -> AsyncIterator[list[Callable[[], Awaitable[None]]]]:
    """A reader of the partitions; the functions end the work on each."""
    link = Link(log_url, name="log")
    await link.start()
    reader = Reader(link, log, call, name)
    stopping = [asyncio.Event() for _ in partitions]
    works = [
        asyncio.create_task(reader.work(partition, event))
        for partition, event in zip(partitions, stopping, strict=True)
    ]

    async def give_back(event: asyncio.Event, work: "asyncio.Task[None]") -> None:
        event.set()
        async with asyncio.timeout(10):
            await work

    giving_back = [partial(give_back, *both) for both in zip(stopping, works, strict=True)]
    try:
        yield giving_back
    finally:
        for give in giving_back:
            await give()
        await link.close()


def to(board: Any) -> Any:
    return partial(functions.call, board, "workers")


async def pushed(board: Any, user: UUID) -> list[int]:
    """The numbers that the node was told for the user, in order. An inbox entry may have the same field for
    two users, of which redis-py's own reply keeps one."""
    entries = await board.eval("return redis.call('XRANGE', KEYS[1], '-', '+')", 1, keys.inbox("n1"))
    return [
        int(name.removeprefix(b"p:"))
        for _, flat in entries
        for name, value in zip(flat[::2], flat[1::2], strict=True)
        if name.startswith(b"p:") and user.bytes in value
    ]


def of_one(user: UUID, *seqs: int) -> list[Said]:
    return [accepted(user, 1, seq) for seq in seqs]


async def follows(log: Any) -> bool:
    return any(one["cmd"] == "xread" and "b" in one["flags"] for one in await log.client_list())
