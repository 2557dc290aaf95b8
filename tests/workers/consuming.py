"""A consumer over the test log with a handler that remembers, for the tests of the consumer loop."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import uuid4

from redis.exceptions import ResponseError

from schema import servers as clients
from schema.events import LogEvent
from schema.link import Link
from schema.positions import Position
from tests.workers import stories
from workers.batches import Batch, Pace
from workers.consumer import Consumer
from workers.group_reader import GroupReader
from workers.sources import log_source

QUICK = Pace(block_seconds=0.1, verify_seconds=0.0, verify_idle_seconds=0.0)
SOURCE = log_source("tests", 0)


class Recorder:
    """A handler that remembers what it committed; `before` may fail or wait."""

    def __init__(self, before: Callable[[Batch[LogEvent]], Any] = lambda _batch: None) -> None:
        self.batches: list[Batch[LogEvent]] = []
        self.checkpoint: Position | None = None
        self._before = before

    async def resume(self) -> Position | None:
        return self.checkpoint

    async def handle(self, batch: Batch[LogEvent]) -> None:
        outcome = self._before(batch)
        if outcome is not None:
            await outcome
        self.batches.append(batch)

    @property
    def seqs(self) -> list[int]:
        return [entry.seq for batch in self.batches for entry in batch.entries]


@asynccontextmanager
async def consuming(
    log_url: str, handler: Any, name: str = "one", pace: Pace = QUICK, source: Any = SOURCE, **options: Any
):
    stopping = asyncio.Event()
    link = Link(log_url, name="log")
    await link.start()
    reader = GroupReader(link, source.group, name, pace)
    consumer = Consumer(source, handler, partial(clients.client, log_url), reader, name, **options)
    task = asyncio.create_task(consumer.run(stopping))
    try:
        yield task
    finally:
        stopping.set()
        await asyncio.wait_for(task, 10)
        await link.close()


async def say(log: Any, *seqs: int) -> list[bytes]:
    user = uuid4()
    return [await log.xadd(SOURCE.stream, stories.fields(stories.accepted(user, 1, seq))) for seq in seqs]


async def pending(log: Any) -> int:
    return (await log.xpending(SOURCE.stream, SOURCE.group))["pending"]


async def nothing_left(log: Any) -> bool:
    groups = await log.xinfo_groups(SOURCE.stream)
    return any(group["pending"] == 0 and group["lag"] == 0 for group in groups)


async def done(handler: Recorder, count: int) -> bool:
    return len(handler.seqs) >= count


async def pending_is(log: Any, count: int) -> bool:
    try:
        return await pending(log) == count
    except ResponseError:
        return False  # no group yet
