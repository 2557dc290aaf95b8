"""Readers of the log and their progress: partitions, workers, groups, lag, quarantine."""

import time
from typing import Any, Final

from ops.doctor.finding import Finding, green, red
from ops.doctor.patient import Patient
from ops.streams import groups as states
from ops.streams.groups import GroupState
from ops.words import age, count
from schema import keys, primaries

WORKERS: Final = (keys.PROJECTOR, keys.PUSHER, keys.RETENTION, keys.RATE_LIMITER)
SILENT_MS: Final = 10_000
"""A worker says every second that it lives."""
BEHIND_MS: Final = 60_000
"""An entry that a group has not acknowledged for so long is no mere moment's lag."""


async def partitions(patient: Patient) -> list[Finding]:
    """The log's number of partitions is the setting's."""
    found, wanted = await states.partitions(patient.log), patient.settings.partitions
    if found == wanted:
        return [green("partitions", f"{found}, as the setting says")]
    return [
        red(
            "partitions", f"the log has {found}, SEALSTREAM_PARTITIONS says {wanted}",
            f"Set SEALSTREAM_PARTITIONS={found}: it is fixed at the first start.",
        )
    ]  # fmt: skip


async def workers(patient: Patient) -> list[Finding]:
    """Of each worker one lives."""
    now = await _board_ms(patient.board)
    living = {
        name: await patient.board.zcount(keys.members(name), now - SILENT_MS, "+inf") for name in WORKERS
    }
    missing = [name for name, many in living.items() if not many]
    if not missing:
        return [green("workers", ", ".join(f"{name} {many}" for name, many in living.items()))]
    start = " and ".join(f"`sealstream worker {name}`" for name in missing)
    return [
        red(
            "workers", f"not running: {', '.join(missing)}",
            f"`sealstream up` restarts them (see DATA/logs/supervisor.log); else start {start}. "
            'One that runs and stands still: runbook, "Lag grows".',
        )
    ]  # fmt: skip


async def reading(patient: Patient) -> list[Finding]:
    """Every group is there, keeps up, and has set nothing aside."""
    found = await states.read(patient.log)
    rows = states.summed(found)
    return [*present(found), *lagging(rows), *aside(rows)]


def present(found: list[GroupState]) -> list[Finding]:
    """A missing group keeps the log from being trimmed."""
    missing = sorted({state.group for state in found if state.is_missing})
    if not missing:
        return [green("groups", f"all there, on {len(found)} streams")]
    return [
        red(
            "groups", f"missing: {', '.join(missing)}; the log is not trimmed meanwhile",
            "Start the worker: it creates its groups and reads from the beginning.",
        )
    ]  # fmt: skip


def lagging(rows: list[GroupState]) -> list[Finding]:
    """One line when all keep up, else one per group that does not."""
    behind = [row for row in rows if row.oldest_ms > BEHIND_MS]
    if not behind:
        words = ", ".join(f"{row.group} {_lag(row)}" for row in rows)
        return [green("lag", f"{words} entries")]
    return [
        red(
            "lag",
            f"{row.group} is {age(row.oldest_ms)} behind: {_lag(row)} unread, {count(row.pending)} pending",
            f'See DATA/logs/{row.group}.log for what it waits for; runbook, "Lag grows".',
        )
        for row in behind
    ]


def aside(rows: list[GroupState]) -> list[Finding]:
    """One line: what is set aside, by whom."""
    by = [f"{row.group} {count(row.quarantine)}" for row in rows if row.quarantine]
    if not by:
        return [green("quarantine", "empty")]
    return [
        red(
            "quarantine", f"set aside by {', '.join(by)}",
            'See `sealstream quarantine show`; then `retry` or `drop` (runbook, "Quarantine").',
        )
    ]  # fmt: skip


async def _board_ms(board: Any) -> int:
    told = await primaries.on_each(board, "TIME")
    return min((seconds * 1000 + micros // 1000 for seconds, micros in told.values()), default=_now())


def _now() -> int:
    return int(time.time() * 1000)


def _lag(row: GroupState) -> str:
    return "unknown" if row.lag is None else count(row.lag)
