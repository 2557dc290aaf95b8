"""`python -m ops.load.cost`: what a message costs each process and server of a relay of its own.

First the relay idles, then everybody writes at a fixed rate, then as fast as it goes. CPU times are the
processes' own, so that other programs on the machine change them little.
"""

import asyncio
import time
from pathlib import Path
from typing import Final

import aiohttp
import click
import msgspec
import uvloop

from ops.addresses import address
from ops.embedded import valkey
from ops.embedded.layout import layout
from ops.errors import OperatorError
from ops.load.own_relay import RAISED, own_relay
from ops.load.pairs import Pairs
from ops.load.percentiles import percentile
from ops.load.usage import LOAD, Usage, usage
from ops.load.user import Measured
from schema import servers
from schema.roles import ADMIN

SERVERS: Final = (valkey.LOG, valkey.BOARD)
SETTLING_SECONDS: Final = 2.0
"""Between two phases: acknowledgements and projections of the one before."""


class Standing(msgspec.Struct, frozen=True):
    """All counters at one moment."""

    at: float
    usage: dict[str, Usage]
    calls: dict[str, int]
    log_file_bytes: int


class Phase(msgspec.Struct, frozen=True):
    """The cost of a phase. CPU in seconds by process, calls by server and command: each per second while the
    relay idles (`messages` is 0), else per 1,000 messages (CPU) and per message (calls, bytes)."""

    name: str
    messages: int
    messages_per_second: float
    cpu: dict[str, float]
    cpu_of_relay: float
    calls: dict[str, float]
    log_file_bytes: float
    accepted_ms: tuple[float, float]
    received_ms: tuple[float, float]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--users", default=50, show_default=True, type=click.IntRange(min=2), help="In pairs.")
@click.option(
    "--window", default=4, show_default=True, type=click.IntRange(min=1), help="Under way per user."
)
@click.option("--rate", default=500.0, show_default=True, help="Messages a second of the paced phase.")
@click.option("--seconds", default=15.0, show_default=True, help="How long each phase lasts.")
@click.option("--body", default=512, show_default=True, type=click.IntRange(1, 65536), help="Bytes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of the three phases.")
def main(users: int, window: int, rate: float, seconds: float, body: int, *, as_json: bool) -> None:
    """CPU, commands and bytes of the log's file per message, idle, paced and in a closed loop."""
    try:
        with own_relay(RAISED) as (node, data):
            phases = uvloop.run(_measure(node, data, users, window, rate, seconds, body))
    except (OperatorError, aiohttp.ClientError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(phases)).decode())
    else:
        for phase in phases:
            _print(phase)


async def _measure(
    url: str, data: Path, count: int, window: int, rate: float, seconds: float, body: int
) -> list[Phase]:
    pairs = Pairs((url,), count, window=window, body_bytes=body)
    phases = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        await pairs.open(http)
        await asyncio.sleep(SETTLING_SECONDS)
        before = await _standing(data)
        await asyncio.sleep(seconds)
        phases.append(_phase("idle", before, await _standing(data), None))
        for name, wanted in (("paced", rate), ("closed loop", 0.0)):
            before = await _standing(data)
            await pairs.write(seconds, wanted)
            await pairs.last_ones()
            phases.append(_phase(name, before, await _standing(data), pairs.measured))
            pairs.measured.forget()
            await asyncio.sleep(SETTLING_SECONDS)
        await pairs.close()
    return phases


async def _standing(data: Path) -> Standing:
    calls, size = {}, 0
    for name in SERVERS:
        async with servers.client(address(name, layout(data), ADMIN)) as client:
            for command, row in (await client.info("commandstats")).items():
                calls[f"{name} {command.removeprefix('cmdstat_')}"] = row["calls"]
            if name == valkey.LOG:
                size = (await client.info("persistence"))["aof_current_size"]
    return Standing(time.perf_counter(), usage(data), calls, size)


def _phase(name: str, before: Standing, after: Standing, measured: Measured | None) -> Phase:
    took = after.at - before.at
    messages = 0 if measured is None else len(measured.received)
    unit = messages or took
    cpu_unit = messages / 1000 or took
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
        messages=messages,
        messages_per_second=round(messages / took, 1),
        cpu=cpu,
        cpu_of_relay=round(sum(cpu.values()) - cpu[LOAD], 4),
        calls=dict(sorted(calls.items(), key=lambda item: -item[1])),
        log_file_bytes=round((after.log_file_bytes - before.log_file_bytes) / unit, 1),
        accepted_ms=_milliseconds(measured.accepted if measured else []),
        received_ms=_milliseconds(measured.received if measured else []),
    )


def _milliseconds(times: list[float]) -> tuple[float, float]:
    """p50 and p99."""
    if not times:
        return 0.0, 0.0
    p50, p99 = (round(percentile(times, share) * 1000, 2) for share in (0.5, 0.99))
    return p50, p99


def _print(phase: Phase) -> None:
    unit = "1,000 messages" if phase.messages else "second"
    each = "message" if phase.messages else "second"
    click.echo(f"\n{phase.name}: {phase.messages_per_second:,.0f} messages/s")
    if phase.messages:
        click.echo(
            "p50 and p99: accepted {:.1f} and {:.1f} ms, received {:.1f} and {:.1f} ms".format(
                *phase.accepted_ms, *phase.received_ms
            )
        )
    click.echo(f"CPU-seconds of the relay per {unit}: {phase.cpu_of_relay:.3f}")
    for name, seconds in sorted(phase.cpu.items(), key=lambda item: -item[1]):
        click.echo(f"  {name:18} {seconds:8.4f}")
    click.echo(f"bytes of the log's file per {each}: {phase.log_file_bytes:,.0f}")
    click.echo(f"commands per {each}: {sum(phase.calls.values()):,.1f}")
    for name, many in phase.calls.items():
        click.echo(f"  {name:28} {many:8.3f}")


if __name__ == "__main__":
    main()
