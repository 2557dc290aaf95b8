"""A log whose memory is full: what cannot be projected is set aside all the same, and may be dropped."""

from contextlib import asynccontextmanager
from typing import Any

from schema import keys
from tests.workers.consuming import SOURCE, Recorder, consuming, done, nothing_left, say
from tests.workers.running import until
from workers import quarantine


@asynccontextmanager
async def full(log: Any):
    (room,) = (await log.config_get("maxmemory")).values()
    await log.config_set("maxmemory", 1_000_000)
    try:
        yield
    finally:
        await log.config_set("maxmemory", room)


async def test_an_entry_that_cannot_be_read_does_not_stop_a_full_log(log, log_url) -> None:
    await say(log, 1)
    await log.xadd(SOURCE.stream, {"e": b"\xc1" * 100})
    await say(log, 2)
    handler = Recorder()
    async with consuming(log_url, handler):
        await until(lambda: done(handler, 2))
        await until(lambda: nothing_left(log))
    await log.xgroup_setid(SOURCE.stream, SOURCE.group, "0")
    handler = Recorder()
    async with full(log), consuming(log_url, handler):
        await until(lambda: done(handler, 2))
        await until(lambda: nothing_left(log))
    entries = [entry async for entry in quarantine.read(log, SOURCE.quarantine)]
    assert [entry.fields for entry in entries] == [{b"e": b"\xc1" * 100}] * 2
    assert entries[0].position == entries[1].position


async def test_what_was_set_aside_can_be_dropped_from_a_full_log(log) -> None:
    for number in range(1, 4):
        about = {"group": keys.PROJECTOR, "position": f"{number}-0", "kind": "failing", "reason": "x"}
        await log.xadd(keys.quarantine(0), {**about, "e": b"x"})
    entries = [entry async for entry in quarantine.read(log, keys.quarantine(0))]
    await quarantine.drop(log, 0, [])
    async with full(log):
        await quarantine.drop(log, 0, entries[:2])
    assert [str(position) for position in sorted(await quarantine.dropped(log, 0))] == ["1-0", "2-0"]
    assert await log.xlen(keys.quarantine(0)) == 1
