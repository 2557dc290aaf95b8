"""An entry whose handling ends the worker's process: found, set aside, and the partition goes on."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis

from schema import codec, functions, servers
from tests.support.processes import Process
from tests.workers import stories
from tests.workers.running import until
from tests.workers.test_consumer import Recorder, consuming, nothing_left
from workers.attempts import ALONE, Attempts
from workers.database import Patient
from workers.sources import log_source

SOURCE = log_source("tests", 0)
DEADLY = 6


async def work(log_url: str, number: int, deadly: int = DEADLY, *how: str) -> int:
    """A worker until everything is done, or until it ends over an entry; its exit status."""
    process = Process("dying_worker", log_url, f"worker-{number}", str(deadly), *how)
    return await asyncio.to_thread(process.wait, 60)


@pytest.fixture
async def attempts(log: Any) -> Any:
    await functions.install(log, "workers")
    return lambda name: Attempts(log, SOURCE, name)


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
    assert await log.exists(SOURCE.attempt) == 0


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
        await until(lambda: waits_off_record(log), within=60)
        process.kill()
        await asyncio.to_thread(process.wait, 60)
    assert await work(log_url, 99, deadly=0) == 0
    assert [int(seq) for seq in await log.lrange("handled", 0, -1)] == list(range(1, entries + 1))
    assert await log.exists(SOURCE.quarantine) == 0


async def waits_off_record(log: Any) -> bool:
    """The worker waits at its gate, and its record is taken back. In this order: before the gate it waits
    twice more and is on record in between."""
    waits = any(one["cmd"] == "blpop" and "b" in one["flags"] for one in await log.client_list())
    return waits and await is_on_no_record(log)


async def is_on_no_record(log: Any) -> bool:
    return await log.exists(SOURCE.attempt) == 0


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


async def test_only_workers_that_were_not_heard_of_again_are_counted(log: Any, attempts: Any) -> None:
    assert await attempts("one").begin(b"5-0") == 1
    assert await attempts("one").begin(b"5-0") == 1, "the same one, still alive"
    assert await attempts("two").begin(b"5-0") == 2
    assert await attempts("three").begin(b"6-0") == 1, "another entry"
    assert await attempts("four").begin(b"6-0") == 2
    await attempts("four").over()
    assert await attempts("five").begin(b"6-0") == 1, "the fourth lives"
    assert 0 < await log.ttl(SOURCE.attempt) <= 86_400


async def test_work_is_on_record_whenever_its_code_runs_and_never_while_it_waits(
    log: Any, log_url: str, attempts: Any
) -> None:
    gate = asyncio.Event()
    seen: list[tuple[bytes | None, ...]] = []

    def look() -> None:
        with Redis.from_url(log_url) as now:
            seen.append(tuple(now.hmget(SOURCE.attempt, "position", "worker", "count")))  # type: ignore[arg-type]

    async def work() -> None:
        look()
        await log.ping()
        look()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.sleep(60)
        look()
        await gate.wait()
        look()

    await attempts("gone").begin(b"5-0")
    mine = attempts("one")
    assert await mine.begin(b"5-0") == 2
    running = asyncio.create_task(mine.during(work()))

    async def waits_at_the_gate() -> bool:
        return len(seen) == 3 and await is_on_no_record(log)

    await until(waits_at_the_gate)
    gate.set()
    await running
    assert seen == [(b"5-0", b"one", b"2")] * 4
    assert await is_on_no_record(log)


async def test_a_long_wait_for_the_database_is_one_wait(log: Any, database_url: str, attempts: Any) -> None:
    async def calls() -> int:
        return int((await log.info("commandstats"))["cmdstat_fcall"]["calls"])

    async with await Patient.connect(database_url, autocommit=True) as connection:

        async def work() -> None:
            await connection.execute("SELECT pg_sleep(1)")

        mine = attempts("one")
        await mine.begin(b"5-0")
        before = await calls()
        await mine.during(work())
    assert 1 <= await calls() - before <= 4, "psycopg else wakes ten times a second"


async def test_work_that_is_cancelled_tidies_up_and_is_on_no_record(log: Any, attempts: Any) -> None:
    tidied = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            tidied.append(await log.ping())

    mine = attempts("one")
    await mine.begin(b"5-0")
    running = asyncio.create_task(mine.during(work()))
    await until(lambda: is_on_no_record(log))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert tidied == [True]
    assert await is_on_no_record(log)


async def test_a_record_can_be_kept_on_a_full_log(log: Any, attempts: Any) -> None:
    before = (await log.config_get("maxmemory"))["maxmemory"]
    await log.config_set("maxmemory", (await log.info("memory"))["used_memory"] // 2)
    try:
        assert await attempts("one").begin(b"5-0") == 1
        await attempts("one").over()
    finally:
        await log.config_set("maxmemory", before)


async def test_a_log_that_is_away_does_not_keep_a_worker_from_going_on(log_url: str) -> None:
    elsewhere = servers.client("unix:///nowhere.sock")
    attempts, gone_on = Attempts(elsewhere, SOURCE, "one"), []

    async def work() -> None:
        await asyncio.sleep(0)
        gone_on.append(True)

    await attempts.during(work())
    assert gone_on == [True]
    assert not attempts.on_record
    await elsewhere.aclose()


async def test_a_handler_that_fails_but_lives_counts_nothing(log: Any, log_url: str) -> None:
    await functions.install(log, "workers")
    await log.xgroup_create(SOURCE.stream, SOURCE.group, id="0", mkstream=True)
    for seq in (1, 2):
        await log.xadd(SOURCE.stream, stories.fields(stories.accepted(uuid4(), 1, seq)))
    await log.xreadgroup(SOURCE.group, "gone", {SOURCE.stream: ">"})
    failures = [ConnectionError("away")] * 3
    counts: list[Any] = []

    async def note() -> None:
        counts.append(await log.hget(SOURCE.attempt, "count"))
        if failures:
            raise failures.pop()

    handler = Recorder(lambda _batch: note())
    async with consuming(log_url, handler):
        await until(lambda: nothing_left(log))
    assert handler.seqs == [1, 2]
    assert set(counts[:4]) <= {b"0", None}
    assert await log.exists(SOURCE.attempt, SOURCE.quarantine) == 0
