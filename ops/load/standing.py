"""What a stretch of load cost: CPU of each process, commands of each server, bytes of the log's file."""

import time
from pathlib import Path
from typing import Final

import msgspec

from ops.addresses import address
from ops.embedded import valkey
from ops.embedded.layout import layout
from ops.load.percentiles import percentile
from ops.load.usage import LOAD, Usage, usage
from ops.load.user import Measured
from schema import servers
from schema.roles import ADMIN

SERVERS: Final = (valkey.LOG, valkey.BOARD)
SHARES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
MIB: Final = 1024 * 1024


class Standing(msgspec.Struct, frozen=True):
    """All counters at one moment. Without a data directory on this machine there are none but the time."""

    at: float
    usage: dict[str, Usage] = {}
    calls: dict[str, int] = {}
    log_file_bytes: int = 0

    @classmethod
    async def of(cls, data: Path | None) -> "Standing":
        """The counters of the relay in `data`."""
        at = time.perf_counter()
        if data is None:
            return cls(at)
        calls, size = {}, 0
        for name in SERVERS:
            async with servers.client(address(name, layout(data), ADMIN)) as client:
                for command, row in (await client.info("commandstats")).items():
                    calls[f"{name} {command.removeprefix('cmdstat_')}"] = row["calls"]
                if name == valkey.LOG:
                    size = (await client.info("persistence"))["aof_current_size"]
        return cls(at, usage(data), calls, size)


class Phase(msgspec.Struct, frozen=True):
    """What a phase measured.

    `cpu` is in seconds by process, `calls` are by server and command: for each second while the relay idles
    (`messages` is 0), else for 1,000 messages (CPU) and for each message (calls, bytes). Times are
    milliseconds: `accepted_ms` until the relay's answer, `received_ms` until the envelope was at the device,
    `late_ms` the generator's own delay, which the other two include."""

    name: str
    about: str
    seconds: float
    messages: int = 0
    messages_per_second: float = 0.0
    accepted_ms: dict[str, float] = {}
    received_ms: dict[str, float] = {}
    late_ms: dict[str, float] = {}
    cpu: dict[str, float] = {}
    cpu_of_relay: float = 0.0
    memory_mib: dict[str, float] = {}
    calls: dict[str, float] = {}
    log_file_bytes: float = 0.0
    kib_per_socket: float = 0.0
    refused: dict[str, int] = {}
    gaps: int = 0
    never_came: int = 0


def phase(
    name: str,
    about: str,
    before: Standing,
    after: Standing,
    measured: Measured | None = None,
    *,
    messages: int | None = None,
    seconds: float | None = None,
    kib_per_socket: float = 0.0,
) -> Phase:
    """The difference of two standings; `messages` is what was received and `seconds` what lies between,
    unless given."""
    seen = measured or Measured()
    took = after.at - before.at if seconds is None else seconds
    count = len(seen.received) if messages is None else messages
    unit, cpu_unit = count or took, count / 1000 or took
    cpu = {
        process: round(used.since(before.usage.get(process)).cpu_seconds / cpu_unit, 4)
        for process, used in after.usage.items()
    }
    calls = {
        command: round((many - before.calls.get(command, 0)) / unit, 3)
        for command, many in after.calls.items()
        if many > before.calls.get(command, 0)
    }
    return Phase(
        name=name,
        about=about,
        seconds=round(took, 2),
        messages=count,
        messages_per_second=round(count / took, 1),
        accepted_ms=_milliseconds(seen.accepted),
        received_ms=_milliseconds(seen.received),
        late_ms=_milliseconds(seen.late),
        cpu=dict(sorted(cpu.items(), key=lambda item: -item[1])),
        cpu_of_relay=round(sum(cpu.values()) - cpu.get(LOAD, 0.0), 4),
        memory_mib={process: round(used.memory_bytes / MIB, 1) for process, used in after.usage.items()},
        calls=dict(sorted(calls.items(), key=lambda item: -item[1])),
        log_file_bytes=round((after.log_file_bytes - before.log_file_bytes) / unit, 1),
        kib_per_socket=round(kib_per_socket, 1),
        refused=dict(seen.refused),
        gaps=seen.gaps,
        never_came=len(seen.under_way),
    )


def _milliseconds(times: list[float]) -> dict[str, float]:
    """Percentiles by name; empty for no times."""
    ordered = sorted(times)
    return {name: round(percentile(ordered, share) * 1000, 2) for name, share in SHARES.items() if ordered}
