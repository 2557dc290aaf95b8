"""When sends are refused for the log's sake: also when nobody can say how far the projector is."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from relay.admission.pressure import Pressure
from schema import keys, servers

LIMIT = 5


@pytest.fixture
async def log(log_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    monkeypatch.setattr("relay.admission.pressure.PROJECTOR_LAG", LIMIT)
    async with servers.client(log_url) as client:
        yield client


async def write(log: Any, count: int) -> list[bytes]:
    return [await log.xadd(keys.log(1), {"e": "entry"}) for _ in range(count)]


async def reason(log: Any) -> str | None:
    pressure = Pressure(log, 2)
    await pressure.look()
    refusal = pressure.refusal()
    return None if refusal is None else refusal.detail


async def test_the_operator_is_warned_before_sends_are_refused(log: Any) -> None:
    pressure = Pressure(log, 2)
    # Beside it, what clients' buffers take does not matter; filled by the server, it passes through none.
    await log.setrange("large", 32 * 1024 * 1024 - 1, b"x")
    memory = await log.info("memory")
    told = []
    try:
        for share in (0.5, 0.75, 0.9, 0.5):
            await log.config_set("maxmemory", int(memory["used_memory"] / share))
            await pressure.look()
            told.append((pressure.warning(), pressure.refusal() is None))
    finally:
        await log.config_set("maxmemory", memory["maxmemory"])
    full = "The log's memory is nearly full."
    soon = "The log's memory is above 70%: sends are refused above 80%."
    assert told == [(None, True), (soon, True), (full, False), (None, True)]


async def test_a_log_that_is_read_is_no_reason_however_long(log: Any) -> None:
    await log.xgroup_create(keys.log(1), keys.PROJECTOR, id="0", mkstream=True)
    await write(log, 3 * LIMIT)
    assert await reason(log) == "The projector lags too far behind."
    await log.xreadgroup(keys.PROJECTOR, "one", {keys.log(1): ">"}, count=2 * LIMIT)
    assert await reason(log) is None


async def test_a_missing_group_has_read_nothing(log: Any) -> None:
    await log.xgroup_create(keys.log(1), keys.PUSHER, id="$", mkstream=True)
    await write(log, LIMIT)
    assert await reason(log) is None, "it may yet come"
    await write(log, 1)
    assert await reason(log) == "The projector lags too far behind."


async def test_a_lag_that_the_log_cannot_tell_may_be_everything(log: Any) -> None:
    await log.xgroup_create(keys.log(1), keys.PROJECTOR, id="0", mkstream=True)
    positions = await write(log, LIMIT + 1)
    await log.xgroup_setid(keys.log(1), keys.PROJECTOR, positions[2].decode())
    (group,) = await log.xinfo_groups(keys.log(1))
    assert group["lag"] is None
    assert await reason(log) == "The projector lags too far behind."
    await log.xreadgroup(keys.PROJECTOR, "one", {keys.log(1): ">"})
    assert await reason(log) is None, "it is through, and the log can tell again"
