"""The marks of prekeys that were taken go when the database knows, and not before a day is over."""

from typing import Any

from schema import keys
from schema.positions import Position
from workers.retention.clearing import MARKS_KEPT_MS, clear_marks

NOW = 10 * MARKS_KEPT_MS


async def test_a_mark_goes_a_day_after_its_entry_once_that_is_projected(log: Any) -> None:
    times = {"old": NOW - 3 * MARKS_KEPT_MS, "older": NOW - 4 * MARKS_KEPT_MS, "young": NOW - MARKS_KEPT_MS}
    for partition in (0, 1, 2):
        await log.zadd(keys.taken(partition), times)
    lagging, here = Position(times["old"], 7), Position(NOW, 0)
    assert await clear_marks(log, {0: lagging, 1: here}, now=NOW) == 3
    left = [await log.zrange(keys.taken(partition), 0, -1) for partition in (0, 1, 2)]
    assert left == [[b"old", b"young"], [b"young"], [b"older", b"old", b"young"]]
