"""The log's and the database's clock against this machine's."""

import time
from collections.abc import Awaitable, Callable
from typing import Final

from ops.doctor.finding import Finding, green, red
from ops.doctor.patient import Patient
from schema import primaries
from workers.retention.clock import SELECT_NOW

APART_SECONDS: Final = 5.0
"""Tokens and expiry bear a few seconds, not minutes."""


async def clocks(patient: Patient) -> list[Finding]:
    """How far they are apart."""

    async def by_log() -> float:
        told = await primaries.on_each(patient.log, "TIME")
        ahead = [seconds + micros / 1e6 for seconds, micros in told.values()]
        furthest: float = max(ahead, key=lambda clock: abs(clock - time.time()))
        return furthest

    async def by_database() -> float:
        return float((await (await patient.database.execute(SELECT_NOW)).fetchone())[0]) / 1000

    return [judged({"log": await _ahead(by_log), "database": await _ahead(by_database)})]


def judged(ahead: dict[str, float]) -> Finding:
    """By how many seconds each server's clock is ahead of this machine's."""
    words = ", ".join(f"{name} {round(seconds, 1) + 0.0:+.1f} s" for name, seconds in ahead.items())
    if all(abs(seconds) <= APART_SECONDS for seconds in ahead.values()):
        return green("clock", f"{words} against this machine")
    return red(
        "clock", f"{words} against this machine",
        "Let every machine follow a time server (`timedatectl set-ntp true`), then look again.",
    )  # fmt: skip


async def _ahead(read: Callable[[], Awaitable[float]]) -> float:
    """The clock's lead, if it was read half-way between the question and the answer."""
    before = time.time()
    clock = await read()
    return clock - (before + time.time()) / 2
