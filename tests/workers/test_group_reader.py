"""One command reads all partitions of a worker, after each has committed what it got."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from schema import servers as clients
from schema.link import Link, OutcomeUnknown
from tests.workers import stories
from tests.workers.consuming import QUICK, Recorder
from tests.workers.running import until
from workers import group_reader
from workers.batches import Batch, Pace
from workers.consumer import Consumer
from workers.group_reader import GroupReader
from workers.sources import log_source
from workers.takeover import NoGroup

PARTITIONS = range(4)
SOURCES = [log_source("tests", partition) for partition in PARTITIONS]


class Reading:
    """Consumers of several partitions over one connection."""

    def __init__(self, log_url: str, pace: Pace, handlers: list[Recorder]) -> None:
        self.log_url = log_url
        self.link = Link(log_url, name="log")
        self.reader = GroupReader(self.link, "tests", "one", pace)
        self.handlers = handlers
        self.stopping = [asyncio.Event() for _ in PARTITIONS]
        self.tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        connect = partial(clients.client, self.log_url)
        for source, handler, stopping in zip(SOURCES, self.handlers, self.stopping, strict=True):
            consumer = Consumer(source, handler, connect, self.reader, "one")
            self.tasks.append(asyncio.create_task(consumer.run(stopping)))

    def seqs(self) -> list[list[int]]:
        return [handler.seqs for handler in self.handlers]


@asynccontextmanager
async def reading(
    log_url: str,
    handlers: list[Recorder] | None = None,
    pace: Pace = QUICK,
) -> AsyncIterator[Reading]:
    found = Reading(log_url, pace, handlers or [Recorder() for _ in PARTITIONS])
    await found.link.start()
    found.begin()
    try:
        yield found
    finally:
        for stopping in found.stopping:
            stopping.set()
        await asyncio.wait(found.tasks, timeout=10)
        await found.link.close()
        assert all(task.done() for task in found.tasks)


async def say(log: Any, *seqs: int, partitions: Any = PARTITIONS) -> None:
    for partition in partitions:
        for seq in seqs:
            event = stories.accepted(uuid4(), 1, seq)
            await log.xadd(SOURCES[partition].stream, stories.fields(event))


async def nothing_left(log: Any, partitions: Any = PARTITIONS) -> bool:
    for partition in partitions:
        if not await log.exists(SOURCES[partition].stream):
            return False
        groups = await log.xinfo_groups(SOURCES[partition].stream)
        if not any(group["pending"] == 0 and group["lag"] == 0 for group in groups):
            return False
    return True


async def calls(log: Any, command: str) -> int:
    found = (await log.info("commandstats")).get(f"cmdstat_{command}", {"calls": 0})
    return int(found["calls"])


async def test_every_partition_is_read_in_order_and_acknowledged(log: Any, log_url: str) -> None:
    await say(log, 1, 2)
    async with reading(log_url) as found:
        await until(lambda: nothing_left(log))
        await say(log, 3, 4, 5)
        await until(lambda: nothing_left(log))
    assert found.seqs() == [[1, 2, 3, 4, 5]] * len(PARTITIONS)


async def test_one_command_reads_all_partitions_and_their_acknowledgements_travel_with_it(
    log: Any, log_url: str
) -> None:
    gate = asyncio.Event()
    handlers = [Recorder(lambda _batch: gate.wait()) for _ in PARTITIONS]
    async with reading(log_url, handlers) as found:
        await until(lambda: all_take_part(found))
        before = await calls(log, "xack")
        await all_at_once(log, *((partition, stories.accepted(uuid4(), 1, 1)) for partition in PARTITIONS))
        await until(lambda: pending(log, len(PARTITIONS)))
        at_the_gate = await calls(log, "xreadgroup")
        gate.set()
        await until(lambda: nothing_left(log))
        assert await calls(log, "xack") == before + len(PARTITIONS)
        assert found.seqs() == [[1]] * len(PARTITIONS)
        assert await calls(log, "xreadgroup") - at_the_gate < len(PARTITIONS)


async def all_at_once(log: Any, *events: tuple[int, Any]) -> None:
    """One read sees all of the partitions' events, or none."""
    async with log.pipeline(transaction=True) as writing:
        for partition, event in events:
            writing.xadd(SOURCES[partition].stream, stories.fields(event))
        await writing.execute()


async def all_take_part(found: Reading) -> bool:
    return len(found.reader._members) == len(PARTITIONS)


async def pending(log: Any, count: int) -> bool:
    found = [(await log.xpending(source.stream, source.group))["pending"] for source in SOURCES]
    return sum(found) == count


async def test_no_partition_is_read_again_before_all_have_committed(
    log: Any, log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_reader, "PATIENCE_SECONDS", 60.0)
    gate = asyncio.Event()
    slow = Recorder(lambda _batch: gate.wait())
    handlers = [slow, *(Recorder() for _ in PARTITIONS[1:])]
    async with reading(log_url, handlers) as found:
        await until(lambda: all_take_part(found))
        await say(log, 1, partitions=[0])
        await until(lambda: pending(log, 1))
        await say(log, 1, 2, partitions=[1])
        gate.set()
        await until(lambda: nothing_left(log, [0, 1]))
    assert found.seqs()[:2] == [[1], [1, 2]]
    assert len(handlers[1].batches) == 1, "what came meanwhile is one batch"


async def test_a_partition_that_takes_long_holds_up_no_other(log: Any, log_url: str) -> None:
    gate = asyncio.Event()
    slow = Recorder(lambda _batch: gate.wait())
    async with reading(log_url, [slow, *(Recorder() for _ in PARTITIONS[1:])]) as found:
        await until(lambda: all_take_part(found))
        await say(log, 1)
        await until(lambda: nothing_left(log, PARTITIONS[1:]))
        assert slow.seqs == []
        gate.set()
        await until(lambda: nothing_left(log))
    assert found.seqs() == [[1]] * len(PARTITIONS)


async def test_a_partition_that_leaves_or_fails_holds_up_no_other(log: Any, log_url: str) -> None:
    failures = [ConnectionError("away")] * 2

    def fail(_batch: Batch[Any]) -> None:
        if failures:
            raise failures.pop()

    handlers = [Recorder(fail), *(Recorder() for _ in PARTITIONS[1:])]
    async with reading(log_url, handlers) as found:
        await say(log, 1)
        await until(lambda: nothing_left(log))
        found.stopping[1].set()
        await asyncio.wait_for(found.tasks[1], 10)
        await say(log, 2)
        await until(lambda: nothing_left(log, [0, 2, 3]))
    assert found.seqs() == [[1, 2], [1], [1, 2], [1, 2]]


async def test_an_urgent_entry_of_one_partition_ends_the_lingering_of_all(log: Any, log_url: str) -> None:
    """They would linger for longer than a test may take."""
    await say(log, 1)
    async with members_of(log, log_url, Pace(linger_seconds=3600.0)) as (reader, members, _):
        members[2].is_urgent = True
        await asyncio.gather(*(reader.read(member) for member in members))
    assert [len(member.taken) for member in members] == [1] * len(PARTITIONS)


async def test_a_connection_that_ends_costs_nothing(log: Any, log_url: str) -> None:
    async with reading(log_url) as found:
        await say(log, 1)
        await until(lambda: nothing_left(log))
        found.link.drop()
        await say(log, 2)
        await until(lambda: nothing_left(log), within=10)
    assert [sorted(set(seqs)) for seqs in found.seqs()] == [[1, 2]] * len(PARTITIONS)


async def test_what_ends_a_read_reaches_every_partition(log: Any, log_url: str) -> None:
    async with members_of(log, log_url, Pace(block_seconds=3600.0)) as (reader, members, link):
        asked = [asyncio.create_task(reader.read(member)) for member in members]
        await until(lambda: blocks(log))
        link.drop()
        for one in asked:
            with pytest.raises(OutcomeUnknown):
                await one


async def test_a_group_that_is_missing_is_said_to_every_partition(log: Any, log_url: str) -> None:
    async with members_of(log, log_url, QUICK) as (reader, members, _):
        await log.xgroup_destroy(SOURCES[1].stream, SOURCES[1].group)
        asked = [asyncio.create_task(reader.read(member)) for member in members]
        for one in asked:
            with pytest.raises(NoGroup):
                await one


class Member:
    """Takes part, and keeps what it is given."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.taken: list[Any] = []
        self.is_urgent = False

    def acknowledgement(self) -> list[Any]:
        return []

    async def take(self, raw: list[Any]) -> bool:
        self.taken += raw
        return self.is_urgent


@asynccontextmanager
async def members_of(
    log: Any, log_url: str, pace: Pace
) -> AsyncIterator[tuple[GroupReader, list[Member], Link]]:
    """A reader in which a member of each partition takes part."""
    link = Link(log_url, name="log", stall_seconds=3600.0)
    await link.start()
    reader = GroupReader(link, "tests", "one", pace)
    members = [Member(source.stream) for source in SOURCES]
    for member in members:
        await log.xgroup_create(member.stream, "tests", id="0", mkstream=True)
        reader.join(member)
    yield reader, members, link
    for member in members:
        reader.leave(member)
    await link.close()


async def blocks(log: Any) -> bool:
    return any(one["cmd"] == "xreadgroup" and "b" in one["flags"] for one in await log.client_list())
