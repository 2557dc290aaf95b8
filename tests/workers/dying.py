"""A worker that dies over an entry, or waits for a server until it is killed; for the fork server."""

import asyncio
import os
from functools import partial
from typing import Any

from schema import keys, servers
from schema.link import Link
from tests.support.until import until
from workers.batches import Batch, Pace
from workers.consumer import Consumer
from workers.group_reader import GroupReader
from workers.pusher.reader import Reader
from workers.sources import log_source

SOURCE = log_source("tests", 0)
DIED = 42


class Handler:
    """Dies over the entry numbered `deadly`, `later` after a wait; `waiting` it stops at a gate."""

    def __init__(self, url: str, deadly: int, *, later: bool, waiting: bool) -> None:
        self._url = url
        self._deadly = deadly
        self._later = later
        self.waiting = waiting

    async def resume(self) -> None:
        """The group's own record says how far."""

    async def handle(self, batch: Batch[Any]) -> None:
        """Notes what it handled in the list `handled`."""
        for entry in batch.entries:
            if entry.seq == self._deadly:
                if self._later:
                    async with servers.client(self._url) as log, asyncio.timeout(5):
                        await log.ping()
                        await asyncio.sleep(0.01)
                os._exit(DIED)
        async with servers.client(self._url) as log:
            if self.waiting:
                await log.ping()
                await log.blpop("gate", 0)
            for entry in batch.entries:
                await log.rpush("handled", entry.seq)


async def work(url: str, name: str, handler: Handler) -> None:
    """Until everything is done."""
    stopping = asyncio.Event()
    # On a busy machine a worker takes a while to come to the deadly line.
    pace = Pace(block_seconds=0.1, verify_seconds=0.0, lives_seconds=0.1 if handler.waiting else 60.0)
    link = Link(url, name="log")
    await link.start()
    reader = GroupReader(link, SOURCE.group, name, pace)
    consumer = Consumer(SOURCE, handler, partial(servers.client, url), reader, name)
    running = asyncio.create_task(consumer.run(stopping))
    async with servers.client(url) as log:
        while True:
            await asyncio.sleep(0.05)
            groups = await log.xinfo_groups(SOURCE.stream)
            if groups and groups[0]["pending"] == 0 and groups[0]["lag"] == 0:
                break
    stopping.set()
    await running
    await link.close()


async def push(url: str, name: str, deadly: int) -> None:
    """A pusher of partition 0 that dies over the push numbered `deadly`, else until all is routed."""
    async with servers.client(url) as log:

        async def call(_name: str, _keys: list[str], arguments: list[Any]) -> int:
            numbers = [int(one[2:]) for one in arguments if isinstance(one, bytes) and one[:2] == b"p:"]
            if deadly in numbers:
                os._exit(DIED)
            if numbers:
                await log.rpush("handled", *numbers)
            return len(numbers)

        link = Link(url, name="log")
        await link.start()
        stopping = asyncio.Event()
        working = asyncio.create_task(Reader(link, log, call, name).work(0, stopping))
        await until(lambda: _is_routed(log), seconds=60)
        stopping.set()
        await working
        await link.close()


async def _is_routed(log: Any) -> bool:
    stream = keys.log(0)
    groups = await log.xinfo_groups(stream) if await log.xlen(stream) else []
    return any(group["pending"] == 0 and group["lag"] == 0 for group in groups)
