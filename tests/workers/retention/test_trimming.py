"""The log keeps its window and whatever someone still has to read; in doubt it keeps everything."""

from typing import Any

import pytest

from schema import checkpoints, keys
from schema.positions import Position
from workers.retention.trimming import Trimmer, trim_quarantine

NOW, WINDOW = 100, 50
"""Entries before 50-0 are out of the window."""


async def fill(log: Any, partition: int = 0, *, last: int = 70) -> None:
    """Entries 10-0, 20-0, … up to `last`."""
    for ms in range(10, last + 1, 10):
        await log.xadd(keys.log(partition), {"e": "x"}, id=f"{ms}-0")


async def groups(log: Any, partition: int = 0, **delivered: str) -> None:
    """The two groups, everything delivered and acknowledged unless told otherwise."""
    for group in keys.LOG_GROUPS:
        at = delivered.get(group, "70-0")
        await log.xgroup_create(keys.log(partition), group, id=at)


async def checkpoint(database: Any, at: str, partition: int = 0) -> None:
    async with database.connection() as connection:
        known = await checkpoints.read(connection, keys.PROJECTOR, partition)
        assert await checkpoints.advance(connection, keys.PROJECTOR, partition, known, Position.parse(at))


async def left(log: Any, partition: int = 0) -> list[int]:
    return [int(position.split(b"-")[0]) for position, _ in await log.xrange(keys.log(partition))]


async def run(database: Any, log: Any, partitions: int = 1) -> int:
    return await Trimmer(database, log, None).trim_window(partitions, now=NOW, window_ms=WINDOW)


async def test_what_everyone_has_read_and_is_out_of_the_window_goes(log, database) -> None:
    await fill(log)
    await groups(log)
    await checkpoint(database, "70-0")
    assert await run(database, log) == 4
    assert await left(log) == [50, 60, 70]


async def test_never_past_the_projectors_checkpoint(log, database) -> None:
    await fill(log)
    await groups(log)
    await checkpoint(database, "20-0")
    await run(database, log)
    assert await left(log) == [30, 40, 50, 60, 70]


@pytest.mark.parametrize("slow", keys.LOG_GROUPS)
async def test_never_past_the_slowest_groups_last_read_entry(log, database, slow) -> None:
    await fill(log)
    await groups(log, **{slow: "20-0"})
    await checkpoint(database, "70-0")
    await run(database, log)
    assert await left(log) == [30, 40, 50, 60, 70]


async def test_never_past_the_oldest_pending_entry(log, database) -> None:
    await fill(log)
    await groups(log, pusher="10-0")
    await log.xreadgroup(keys.PUSHER, "me", {keys.log(0): ">"})
    await log.xack(keys.log(0), keys.PUSHER, "20-0", "40-0")
    await checkpoint(database, "70-0")
    await run(database, log)
    assert await left(log) == [30, 40, 50, 60, 70]


async def test_a_group_of_somebody_else_is_waited_for_too(log, database) -> None:
    await fill(log)
    await groups(log)
    await log.xgroup_create(keys.log(0), "audit", id="10-0")
    await checkpoint(database, "70-0")
    await run(database, log)
    assert await left(log) == [20, 30, 40, 50, 60, 70]


@pytest.mark.parametrize("missing", keys.LOG_GROUPS)
async def test_a_missing_group_stops_the_trimming_and_is_said(log, database, missing, capsys) -> None:
    await fill(log)
    await groups(log)
    await log.xgroup_destroy(keys.log(0), missing)
    await checkpoint(database, "70-0")
    assert await run(database, log) == 0
    assert len(await left(log)) == 7
    said = capsys.readouterr().out
    assert "partition_not_trimmed" in said
    assert f"no group {missing}" in said


async def test_a_missing_checkpoint_stops_the_trimming_and_is_said(log, database, capsys) -> None:
    await fill(log)
    await groups(log)
    assert await run(database, log) == 0
    assert len(await left(log)) == 7
    assert "no checkpoint" in capsys.readouterr().out


async def test_one_partition_that_must_wait_does_not_hold_the_others(log, database) -> None:
    for partition in (0, 2):
        await fill(log, partition)
    await groups(log, 2)
    await checkpoint(database, "70-0", 2)
    assert await run(database, log, 3) == 4
    assert len(await left(log, 0)) == 7
    assert await left(log, 2) == [50, 60, 70]


async def test_a_quiet_partition_is_trimmed_to_its_last_entry_and_beyond(log, database) -> None:
    """The last entry of a partition must not lie on the disk for ever."""
    await fill(log, last=30)
    await groups(log, projector="30-0", pusher="30-0")
    await checkpoint(database, "30-0")
    assert await run(database, log) == 3
    assert await left(log) == []
    (info, _) = await log.xinfo_groups(keys.log(0))
    assert info["last-delivered-id"] == b"30-0"
    assert await log.xadd(keys.log(0), {"e": "x"}, id="30-1")


async def trimmed(log: Any) -> bytes:
    return await log.get(keys.trimmed(0))


async def test_the_last_entry_that_was_trimmed_is_on_record(log, database) -> None:
    await fill(log)
    await groups(log)
    await checkpoint(database, "70-0")
    assert await trimmed(log) is None
    await run(database, log)
    assert await trimmed(log) == b"40-0"
    await run(database, log)
    assert await trimmed(log) == b"40-0", "a trim of nothing changes nothing"


async def test_a_trim_of_whole_nodes_records_no_more_than_what_went(log, database) -> None:
    """Never a position that an entry still has, so that no database is taken for too old because of it."""
    async with log.pipeline(transaction=True) as piece:
        for ms in range(1, 1001):
            piece.xadd(keys.log(0), {"e": "x" * 60}, f"{ms}-3")
        await piece.execute()
    await groups(log, projector="1000-3", pusher="1000-3")
    await checkpoint(database, "1000-3")
    trimmer = Trimmer(database, log, None)
    assert await trimmer.trim_oldest(0, Position(500, 3)) > 0
    first = (await left(log))[0]
    assert 1 < first < 500
    assert await trimmed(log) == b"%d-2" % first
    await trimmer.trim_window(1, now=900 + WINDOW, window_ms=WINDOW)
    assert await trimmed(log) == b"899-3"


async def test_what_was_set_aside_goes_when_the_window_is_over(log: Any) -> None:
    """Whether or not anybody can say whose it was."""
    streams = [keys.quarantine(0), keys.quarantine(1), keys.LIMITS_QUARANTINE]
    for stream in streams:
        for ms in (10, 49, 50, 70):
            await log.xadd(stream, {"position": "1-0", "e": b"\xc1"}, id=f"{ms}-0")
    assert await trim_quarantine(log, 2, now=NOW, window_ms=WINDOW) == 6
    for stream in streams:
        assert [position for position, _ in await log.xrange(stream)] == [b"50-0", b"70-0"]
    assert await trim_quarantine(log, 2, now=NOW, window_ms=WINDOW) == 0
