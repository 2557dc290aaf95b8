"""An entry whose handling ends the worker's process: found, set aside, and the partition goes on."""

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis

from schema import codec, functions
from tests.servers import Servers
from tests.support.processes import Process
from tests.workers import stories
from tests.workers.running import until
from tests.workers.test_consumer import Recorder, consuming, nothing_left
from workers.deliveries import ALONE, READ, TOGETHER, Delivered, Deliveries, pieces
from workers.sources import log_source

SOURCE = log_source("tests", 0)
DEADLY = 6


async def work(log_url: str, number: int, deadly: int = DEADLY, *how: str) -> int:
    """A worker until everything is done, or until it ends over an entry; its exit status."""
    process = Process("dying_worker", log_url, f"worker-{number}", str(deadly), *how)
    return await asyncio.to_thread(process.wait, 60)


@pytest.fixture
async def positions(log: Any) -> list[bytes]:
    """Three entries that a worker read before it was gone."""
    found = [
        await log.xadd(SOURCE.stream, stories.fields(stories.accepted(uuid4(), 1, seq))) for seq in (1, 2, 3)
    ]
    await log.xgroup_create(SOURCE.stream, SOURCE.group, id="0")
    await log.xreadgroup(SOURCE.group, "gone", {SOURCE.stream: ">"})
    return found


async def counts(log: Any) -> list[int]:
    """How often each pending entry was delivered."""
    rows = await log.xpending_range(SOURCE.stream, SOURCE.group, "-", "+", 100)
    return [row["times_delivered"] for row in rows]


@pytest.mark.parametrize("how", [(), ("later",)], ids=["at once", "after it waited for a server"])
async def test_an_entry_that_ends_its_workers_is_found_and_set_aside(
    log: Any, log_url: str, how: tuple[str, ...]
) -> None:
    await functions.install(log, "workers")
    user = uuid4()
    positions = [
        await log.xadd(SOURCE.stream, stories.fields(stories.accepted(user, 1, seq))) for seq in range(1, 10)
    ]
    statuses = []
    for number in range(10):
        statuses.append(await work(log_url, number, DEADLY, *how))
        if statuses[-1] != 42:
            break
    # One read it, one took all of it over, three handled it alone.
    assert statuses == [42] * (2 + ALONE) + [0]
    handled = [int(seq) for seq in await log.lrange("handled", 0, -1)]
    assert handled == [1, 2, 3, 4, 5, 7, 8, 9]
    ((_, row),) = await log.xrange(SOURCE.quarantine)
    assert (row[b"position"], codec.decode_entry(row)[1]) == (positions[DEADLY - 1], DEADLY)
    assert b"workers ended" in row[b"reason"]
    assert await counts(log) == []


@pytest.mark.parametrize(("entries", "ends"), [(1, 1 + ALONE), (3, 2 + ALONE)])
async def test_three_workers_that_handled_it_alone_are_what_it_takes(
    log: Any, log_url: str, entries: int, ends: int
) -> None:
    """The first one only read it; the next had others in hand, too, if there were any."""
    await functions.install(log, "workers")
    for seq in range(1, entries + 1):
        await log.xadd(SOURCE.stream, stories.fields(stories.accepted(uuid4(), 1, seq)))
    assert [await work(log_url, number, deadly=1) for number in range(ends + 1)] == [42] * ends + [0]
    ((_, row),) = await log.xrange(SOURCE.quarantine)
    assert codec.decode_entry(row)[1] == 1


@pytest.mark.parametrize("entries", [1, 3])
async def test_workers_killed_while_they_wait_for_a_server_say_nothing_against_an_entry(
    log: Any, log_url: str, entries: int
) -> None:
    await functions.install(log, "workers")
    for seq in range(1, entries + 1):
        await log.xadd(SOURCE.stream, stories.fields(stories.accepted(uuid4(), 1, seq)))
    for number in range(3 + ALONE):
        process = Process("dying_worker", log_url, f"worker-{number}", "0", "waits")
        await until(lambda: waits_and_counts_nothing(log), within=60)
        process.kill()
        await asyncio.to_thread(process.wait, 60)
    assert await work(log_url, 99, deadly=0) == 0
    assert [int(seq) for seq in await log.lrange("handled", 0, -1)] == list(range(1, entries + 1))
    assert await log.exists(SOURCE.quarantine) == 0


async def waits_and_counts_nothing(log: Any) -> bool:
    """The worker waits at its gate, and took its delivery back."""
    waits = any(one["cmd"] == "blpop" and "b" in one["flags"] for one in await log.client_list())
    return waits and set(await counts(log)) == {READ}


async def test_a_worker_that_is_killed_once_costs_no_entry_its_place(log: Any, log_url: str) -> None:
    await functions.install(log, "workers")
    await log.xgroup_create(SOURCE.stream, SOURCE.group, id="0", mkstream=True)
    for seq in (1, 2, 3):
        await log.xadd(SOURCE.stream, stories.fields(stories.accepted(uuid4(), 1, seq)))
    for number in range(8):
        await log.xreadgroup(SOURCE.group, f"gone-{number}", {SOURCE.stream: ">"})
    assert await work(log_url, 1, deadly=0) == 0
    assert await log.lrange("handled", 0, -1) == [b"1", b"2", b"3"]
    assert await log.exists(SOURCE.quarantine) == 0


def test_entries_are_handled_one_by_one_after_one_owner_ended_over_all_of_them() -> None:
    read = [Delivered(b"1-0", READ), Delivered(b"2-0", READ)]
    assert pieces(read) == [read]
    both = [Delivered(b"1-0", TOGETHER), Delivered(b"2-0", TOGETHER)]
    assert pieces(both) == [[both[0]], [both[1]]]
    assert pieces([]) == []


async def test_only_workers_that_were_not_heard_of_again_are_counted(
    log: Any, positions: list[bytes]
) -> None:
    async with AsyncExitStack() as dead:
        for number in range(1, ALONE + 1):
            deliveries = Deliveries(log, SOURCE, f"dead-{number}", lives_seconds=3600.0)
            first = (await deliveries.left())[0]
            assert not first.is_deadly
            await dead.enter_async_context(deliveries.handling([first]))
            assert await counts(log) == [TOGETHER + number, READ, READ]
        living = Deliveries(log, SOURCE, "living")
        first = (await living.left())[0]
        assert first.is_deadly
        with pytest.raises(ConnectionError):
            async with living.handling([first]):
                raise ConnectionError
        assert await counts(log) == [READ] * 3, "this one lives"


async def test_a_worker_that_goes_on_counts_nothing(log: Any, positions: list[bytes]) -> None:
    deliveries = Deliveries(log, SOURCE, "one", lives_seconds=0.1)
    left = await deliveries.left()
    async with deliveries.handling(left) as entries:
        assert [position for position, _ in entries] == positions
        assert await counts(log) == [TOGETHER] * 3

        async def taken_back() -> bool:
            return await counts(log) == [READ] * 3

        await until(taken_back)


async def test_an_entry_that_keeps_its_worker_busy_counts_however_long_that_takes(
    log: Any, log_url: str, positions: list[bytes]
) -> None:
    """As one that ends it for lack of memory: nothing else runs meanwhile."""
    deliveries = Deliveries(log, SOURCE, "one", lives_seconds=0.01)
    (first, *_) = await deliveries.left()
    async with deliveries.handling([first]):
        busy_until = time.monotonic() + 0.05
        while time.monotonic() < busy_until:
            pass
        with Redis.from_url(log_url) as now:
            (row, *_) = now.xpending_range(SOURCE.stream, SOURCE.group, "-", "+", 1)
        assert row["times_delivered"] == TOGETHER + 1


async def test_work_that_is_cancelled_tidies_up_and_counts_nothing(log: Any, positions: list[bytes]) -> None:
    tidied = []
    deliveries = Deliveries(log, SOURCE, "one", lives_seconds=60.0)
    left = await deliveries.left()

    async def work() -> None:
        async with deliveries.handling(left):
            try:
                await asyncio.Event().wait()
            finally:
                tidied.append(await log.ping())

    async def begun() -> bool:
        return await counts(log) == [TOGETHER] * 3

    running = asyncio.create_task(work())
    await until(begun)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert tidied == [True]
    assert await counts(log) == [READ] * 3


async def test_deliveries_are_counted_on_a_full_log(log: Any, positions: list[bytes]) -> None:
    before = (await log.config_get("maxmemory"))["maxmemory"]
    await log.config_set("maxmemory", (await log.info("memory"))["used_memory"] // 2)
    try:
        deliveries = Deliveries(log, SOURCE, "one", lives_seconds=60.0)
        async with deliveries.handling(await deliveries.left()):
            assert await counts(log) == [TOGETHER] * 3
    finally:
        await log.config_set("maxmemory", before)


async def test_a_log_that_is_away_does_not_keep_a_worker_from_going_on(
    log: Any, positions: list[bytes], servers: Servers
) -> None:
    deliveries = Deliveries(log, SOURCE, "one", lives_seconds=0.0)
    gone_on = []
    async with deliveries.handling(await deliveries.left()):
        servers.kill("log")
        await asyncio.sleep(0.05)
        gone_on.append(True)
    assert gone_on == [True]


async def test_entries_that_were_trimmed_are_claimed_by_nobody(log: Any, positions: list[bytes]) -> None:
    await log.xdel(SOURCE.stream, positions[0])
    deliveries = Deliveries(log, SOURCE, "one")
    async with deliveries.handling(await deliveries.left()) as entries:
        assert [position for position, _ in entries] == positions[1:]
    assert len(await counts(log)) == 2


async def test_a_handler_that_fails_but_lives_counts_nothing(log: Any, log_url: str) -> None:
    await functions.install(log, "workers")
    await log.xgroup_create(SOURCE.stream, SOURCE.group, id="0", mkstream=True)
    for seq in (1, 2):
        await log.xadd(SOURCE.stream, stories.fields(stories.accepted(uuid4(), 1, seq)))
    await log.xreadgroup(SOURCE.group, "gone", {SOURCE.stream: ">"})
    failures = [ConnectionError("away")] * 3
    seen: list[list[int]] = []

    async def note() -> None:
        seen.append(await counts(log))
        if failures:
            raise failures.pop()

    handler = Recorder(lambda _batch: note())
    async with consuming(log_url, handler):
        await until(lambda: nothing_left(log))
    assert handler.seqs == [1, 2]
    assert max(count for row in seen for count in row) == TOGETHER, "all at once, each time anew"
    assert await log.exists(SOURCE.quarantine) == 0
