"""The consumer loop: every entry committed in order, none passed over, each acknowledged after its commit."""

import asyncio
import contextlib
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from prometheus_client import REGISTRY
from redis.exceptions import ResponseError

from schema import codec, keys
from schema import servers as clients
from schema.events import LogEvent
from schema.positions import Position
from tests.servers import Servers
from tests.workers import stories
from tests.workers.consuming import (
    SOURCE,
    Recorder,
    consuming,
    done,
    nothing_left,
    pending,
    pending_is,
    say,
)
from tests.workers.running import until
from workers import metrics
from workers.batches import Batch, Superseded
from workers.consumer import TRIES


async def test_a_group_begins_at_the_first_entry_even_if_it_comes_late(log, log_url) -> None:
    await say(log, 1, 2, 3)
    handler = Recorder()
    async with consuming(log_url, handler):
        await until(lambda: nothing_left(log))
        await say(log, 4)
        await until(lambda: done(handler, 4))
    assert handler.seqs == [1, 2, 3, 4]


async def test_an_entry_is_acknowledged_only_after_its_commit(log, log_url) -> None:
    gate = asyncio.Event()
    handler = Recorder(lambda _batch: gate.wait())
    await say(log, 1)
    async with consuming(log_url, handler):
        await until(lambda: pending_is(log, 1))
        await asyncio.sleep(0.2)
        assert await pending(log) == 1
        gate.set()
        await until(lambda: nothing_left(log))


async def test_a_new_owner_first_takes_over_what_the_old_one_left(log, log_url) -> None:
    await log.xgroup_create(SOURCE.stream, SOURCE.group, id="0", mkstream=True)
    await say(log, 1, 2, 3)
    await log.xreadgroup(SOURCE.group, "gone", {SOURCE.stream: ">"}, count=2)
    handler = Recorder()
    async with consuming(log_url, handler):
        await until(lambda: nothing_left(log))
    assert handler.seqs == [1, 2, 3]
    assert [entry.seq for entry in handler.batches[0].entries] == [1, 2]


async def test_entries_that_another_consumer_snatched_are_not_passed_over(log, log_url) -> None:
    handler = Recorder()
    async with consuming(log_url, handler):
        await say(log, 1)
        await until(lambda: done(handler, 1))
        # A frozen owner's read may still be served: it gets an entry and never commits it.
        snatched = await _snatch(log)
        await say(log, snatched + 1)
        await until(lambda: nothing_left(log))
    assert sorted(set(handler.seqs)) == handler.seqs == list(range(1, snatched + 2))


async def _snatch(log: Any) -> int:
    """Until a second reader of the group was faster; the number it got."""
    for seq in range(2, 60):
        async with log.pipeline(transaction=True) as both:
            both.xadd(SOURCE.stream, stories.fields(stories.accepted(uuid4(), 1, seq)))
            both.xreadgroup(SOURCE.group, "frozen", {SOURCE.stream: ">"})
            _, read = await both.execute()
        if read:
            return seq
    raise AssertionError("the consumer was always faster")


async def test_what_is_committed_already_is_acknowledged_and_not_handled_again(log, log_url) -> None:
    await log.xgroup_create(SOURCE.stream, SOURCE.group, id="0", mkstream=True)
    positions = await say(log, 1, 2, 3)
    await log.xreadgroup(SOURCE.group, "gone", {SOURCE.stream: ">"}, count=2)
    handler = Recorder()
    handler.checkpoint = Position.parse(positions[1])
    async with consuming(log_url, handler):
        await until(lambda: nothing_left(log))
    assert handler.seqs == [3]


async def test_a_group_that_is_ahead_of_its_checkpoint_is_set_back(log, log_url) -> None:
    """As after the database was restored from an older backup."""
    await log.xgroup_create(SOURCE.stream, SOURCE.group, id="0", mkstream=True)
    positions = await say(log, 1, 2, 3, 4)
    await log.xreadgroup(SOURCE.group, "gone", {SOURCE.stream: ">"}, count=3)
    await log.xack(SOURCE.stream, SOURCE.group, *positions[:2])
    handler = Recorder()
    handler.checkpoint = Position.parse(positions[0])
    async with consuming(log_url, handler):
        await until(lambda: nothing_left(log))
    assert handler.seqs == [2, 3, 4]


async def test_an_entry_that_cannot_be_decoded_is_quarantined_and_the_partition_goes_on(log, log_url) -> None:
    await say(log, 1)
    bad = await log.xadd(SOURCE.stream, {"e": b"\xc1 not ours", "n": "2"})
    worse = await log.xadd(SOURCE.stream, {"what": "else"})
    await say(log, 3)
    handler = Recorder()
    async with consuming(log_url, handler):
        await until(lambda: nothing_left(log))
    assert handler.seqs == [1, 3]
    quarantined = [fields for _, fields in await log.xrange(SOURCE.quarantine)]
    assert [(row[b"group"], row[b"position"]) for row in quarantined] == [(b"tests", bad), (b"tests", worse)]
    assert quarantined[0][b"e"] == b"\xc1 not ours"
    assert quarantined[0][b"n"] == b"2"
    assert quarantined[1][b"reason"] == b"the entry has no event field"


async def test_an_entry_that_crashes_the_handler_is_found_and_quarantined(log, log_url) -> None:
    tried: list[list[int]] = []

    def before(batch: Batch[LogEvent]) -> None:
        tried.append([entry.seq for entry in batch.entries])
        if 6 in tried[-1]:
            raise KeyError("a bug")

    positions = await say(log, *range(1, 10))
    handler = Recorder(before)
    async with consuming(log_url, handler):
        await until(lambda: nothing_left(log), within=40)
    assert handler.seqs == [1, 2, 3, 4, 5, 7, 8, 9]
    ((_, row),) = await log.xrange(SOURCE.quarantine)
    assert (row[b"position"], row[b"reason"]) == (positions[5], b"KeyError")
    assert codec.decode_entry(row)[1] == 6
    assert tried.count([6]) == TRIES
    uptos = [batch.upto for batch in handler.batches]
    assert uptos == sorted(uptos)
    assert Position.parse(positions[5]) in uptos  # the commit moved over the quarantined entry


async def test_a_row_that_the_database_refuses_is_the_entrys_fault(log, log_url) -> None:
    def before(batch: Batch[LogEvent]) -> None:
        if any(entry.seq == 2 for entry in batch.entries):
            raise psycopg.DataError("out of range")

    await say(log, 1, 2, 3)
    handler = Recorder(before)
    async with consuming(log_url, handler):
        await until(lambda: nothing_left(log))
    assert handler.seqs == [1, 3]


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("away"),
        psycopg.errors.UndefinedTable("not migrated"),
        psycopg.errors.ReadOnlySqlTransaction("a replica"),
        ResponseError("OOM command not allowed"),
        ConnectionError("away"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_server_that_is_away_is_nobodys_fault_and_waited_for(log, log_url, error) -> None:
    failures = [error, error]

    def before(_batch: Batch[LogEvent]) -> None:
        if failures:
            raise failures.pop()

    await say(log, 1, 2)
    handler = Recorder(before)
    async with consuming(log_url, handler):
        await until(lambda: nothing_left(log))
    assert handler.seqs == [1, 2]
    assert await log.exists(SOURCE.quarantine) == 0


async def test_who_was_superseded_drops_the_partition_and_acknowledges_nothing(log, log_url) -> None:
    def before(_batch: Batch[LogEvent]) -> None:
        raise Superseded

    await say(log, 1)
    async with consuming(log_url, Recorder(before)) as task:
        await asyncio.wait_for(task, 10)
    assert await pending(log) == 1


async def test_a_group_that_vanishes_is_created_anew_and_read_from_the_beginning(log, log_url) -> None:
    await say(log, 1)
    handler = Recorder()
    async with consuming(log_url, handler):
        await until(lambda: nothing_left(log))
        await log.xgroup_destroy(SOURCE.stream, SOURCE.group)
        await say(log, 2)
        await until(lambda: done(handler, 3))
    assert handler.seqs[0] == 1
    assert handler.seqs[-2:] == [1, 2]


async def test_a_log_that_is_killed_and_comes_back_is_read_on(log, log_url, servers: Servers) -> None:
    await say(log, 1)
    handler = Recorder()
    async with consuming(log_url, handler):
        await until(lambda: nothing_left(log))
        servers.kill("log")
        await asyncio.sleep(0.5)
        servers.revive()
        async with clients.client(log_url) as again:
            await say(again, 2)
            await until(lambda: done(handler, 2))
    assert handler.seqs == [1, 2]


async def test_a_full_log_can_still_be_taken_over_and_read_empty(log, log_url) -> None:
    await log.xgroup_create(SOURCE.stream, SOURCE.group, id="0", mkstream=True)
    await say(log, 1, 2)
    full = (await log.info("memory"))["used_memory"] // 2
    before = (await log.config_get("maxmemory"))["maxmemory"]
    handler = Recorder()
    try:
        # The functions are there before: only the worker's bootstrap loads them.
        await _install(log)
        await log.config_set("maxmemory", full)
        async with consuming(log_url, handler):
            await until(lambda: nothing_left(log))
    finally:
        await log.config_set("maxmemory", before)
    assert handler.seqs == [1, 2]


async def _install(log: Any) -> None:
    from schema import functions

    await functions.install(log, "workers")


async def test_a_consumer_that_is_long_gone_is_forgotten_but_never_with_entries(log, log_url) -> None:
    from schema import functions

    await log.xgroup_create(SOURCE.stream, SOURCE.group, id="0", mkstream=True)
    await say(log, 1)
    await log.xgroup_createconsumer(SOURCE.stream, SOURCE.group, "idle")
    await log.xreadgroup(SOURCE.group, "holds", {SOURCE.stream: ">"})
    await asyncio.sleep(0.05)
    names = [SOURCE.group, "me", 10]
    assert await functions.call(log, "workers", "forget_consumers", [SOURCE.stream], names) == 1
    assert await functions.call(log, "workers", "forget_consumers", [SOURCE.stream], names) == 0
    left = [consumer["name"] for consumer in await log.xinfo_consumers(SOURCE.stream, SOURCE.group)]
    assert left == [b"holds"]
    assert keys.log(0) == SOURCE.stream


async def test_what_it_gave_back_is_no_longer_in_its_metrics(log, log_url) -> None:
    await say(log, 1)
    async with consuming(log_url, Recorder()):
        await until(lambda: nothing_left(log))
        assert told() == {"sealstream_group_lag", "sealstream_group_pending"}
    assert told() == set()


def told() -> set[str]:
    """What this process says of the test's partition."""
    labels = {"group": SOURCE.group, "partition": str(SOURCE.partition)}
    return {
        sample.name
        for gauge in (metrics.LAG, metrics.PENDING)
        for family in gauge.collect()
        for sample in family.samples
        if sample.labels == labels
    }


async def test_a_counter_that_an_alert_watches_is_there_before_its_first_event(log, log_url) -> None:
    """Prometheus sees no increase in a series that begins with it."""
    with contextlib.suppress(KeyError):
        metrics.QUARANTINED.remove(SOURCE.group, SOURCE.partition)
    await say(log, 1)
    handler = Recorder()
    async with consuming(log_url, handler):
        await until(lambda: done(handler, 1))
        where = {"group": SOURCE.group, "partition": str(SOURCE.partition)}
        assert REGISTRY.get_sample_value("sealstream_quarantined_total", where) == 0
