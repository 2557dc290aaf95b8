"""How the consumer loop gathers a batch, and ends with one in hand."""

import asyncio

from tests.workers.consuming import (
    SOURCE,
    Recorder,
    consuming,
    nothing_left,
    pending_is,
    say,
)
from tests.workers.running import until
from workers.batches import Pace


async def test_it_lingers_for_more_once_something_is_there(log, log_url) -> None:
    handler = Recorder()
    pace = Pace(block_seconds=0.1, verify_seconds=0.0, linger_seconds=0.5)
    async with consuming(log_url, handler, pace=pace):
        await say(log, 1)
        await asyncio.sleep(0.2)
        await say(log, 2)
        await until(lambda: nothing_left(log))
    assert [[entry.seq for entry in batch.entries] for batch in handler.batches] == [[1, 2]]


async def test_it_does_not_linger_when_someone_waits(log, log_url) -> None:
    handler = Recorder()
    pace = Pace(block_seconds=0.1, verify_seconds=0.0, linger_seconds=30)
    async with consuming(log_url, handler, pace=pace, urgent=lambda _event: True):
        await say(log, 1)
        await until(lambda: nothing_left(log), within=10)
    assert handler.seqs == [1]


async def test_a_batch_is_bounded_in_entries_and_bytes(log, log_url) -> None:
    pace = Pace(read=4, most=8, block_seconds=0.1, verify_seconds=0.0, linger_seconds=0.1)
    handler = Recorder()
    await say(log, *range(1, 21))
    async with consuming(log_url, handler, pace=pace):
        await until(lambda: nothing_left(log))
    assert [len(batch.entries) for batch in handler.batches] == [8, 8, 4]
    handler = Recorder()
    await log.xgroup_destroy(SOURCE.stream, SOURCE.group)
    small = Pace(read=4, most=800, most_bytes=1, block_seconds=0.1, verify_seconds=0.0, linger_seconds=0.1)
    async with consuming(log_url, handler, pace=small):
        await until(lambda: nothing_left(log))
    assert [len(batch.entries) for batch in handler.batches] == [4] * 5


async def test_stopping_finishes_the_batch_in_hand(log, log_url) -> None:
    gate = asyncio.Event()
    handler = Recorder(lambda _batch: gate.wait())
    await say(log, 1)
    async with consuming(log_url, handler):
        await until(lambda: pending_is(log, 1))
        asyncio.get_running_loop().call_later(0.3, gate.set)
    assert handler.seqs == [1]
    assert await nothing_left(log)
