"""`python -m ops.load.storm`: a node is restarted under many sockets, and all of them come back.

The limits per user are the defaults, so that whoever would be locked out is seen. What is lost or doubled is
for the tests to find (`tests/faults/test_reconnect_storm.py`); this tells times, CPU and memory.
"""

import asyncio
import os
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Final

import aiohttp
import click
import psutil
import uvloop

from ops.load.account import Account
from ops.load.own_relay import own_relay
from ops.load.percentiles import percentile
from ops.load.returning import Returning, in_groups
from schema import tasks

SETTINGS: Final = {"SEALSTREAM_REGISTRATIONS_PER_HOUR": "1000000"}
SIGNALS: Final = {"kill": signal.SIGKILL, "term": signal.SIGTERM}
ALL_BACK_SECONDS: Final = 180.0


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--sockets", default=500, show_default=True, type=click.IntRange(min=1))
@click.option(
    "--restarts", default="kill,term,kill,kill", show_default=True, help="One after the other: kill or term."
)
def main(sockets: int, restarts: str) -> None:
    """How long until everybody is back, and what that costs the node."""
    chosen = restarts.split(",")
    if unknown := set(chosen) - SIGNALS.keys():
        raise click.BadParameter(f"kill or term, not {', '.join(unknown)}")
    with own_relay(SETTINGS) as ((url,), data):
        uvloop.run(_storm(url, data, sockets, chosen))


async def _storm(url: str, data: Path, count: int, restarts: list[str]) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        accounts = [Account(url) for _ in range(count)]
        await in_groups(4, [lambda a=a: a.register(http) for a in accounts])  # type: ignore[misc]
        sockets = [Returning(account, http) for account in accounts]
        running = [asyncio.create_task(one.run()) for one in sockets]
        try:
            await _all_online(sockets)
            click.echo(f"{count} sockets are online; what follows is the node alone")
            for name in restarts:
                await _restart(data, sockets, name)
        finally:
            await tasks.end(running)
    refused: Counter[str] = sum((one.refusals for one in sockets), Counter())
    most = max(one.connections for one in sockets)
    click.echo(f"refused at the door: {dict(refused) or 'nobody'}; most connections of one user: {most}")


async def _restart(data: Path, sockets: list[Returning], name: str) -> None:
    pid_file = data / "run" / "node-0.pid"
    before = pid_file.read_text("ascii")
    began = time.perf_counter()
    os.kill(int(before), SIGNALS[name])
    while any(one.online.is_set() for one in sockets):  # noqa: ASYNC110 - polled
        await asyncio.sleep(0.01)
    watching = asyncio.create_task(_peak(pid_file, before))
    await _all_online(sockets)
    back = [one.online_since - began for one in sockets]
    watching.cancel()
    cpu, peak = await watching
    click.echo(
        f"{name}: all back after {max(back):.1f} s (half after {percentile(back, 0.5):.1f} s); the new node "
        f"used {cpu:.1f} s of CPU for it, at most {peak / 1024 / 1024:.0f} MiB"
    )


async def _all_online(sockets: list[Returning]) -> None:
    async with asyncio.timeout(ALL_BACK_SECONDS):
        for one in sockets:
            await one.online.wait()


async def _peak(pid_file: Path, before: str) -> tuple[float, int]:
    """CPU seconds and the most memory of the process that comes after `before`, until cancelled."""
    cpu, peak = 0.0, 0
    with suppress(asyncio.CancelledError):
        while True:
            await asyncio.sleep(0.05)
            if (node := _node(pid_file, before)) is not None:
                cpu, memory = node
                peak = max(peak, memory)
    return cpu, peak


def _node(pid_file: Path, before: str) -> tuple[float, int] | None:
    """CPU seconds so far and memory of the process, if it is another one than `before` and lives."""
    with suppress(psutil.Error, ValueError):
        if (text := pid_file.read_text("ascii")) != before:
            node = psutil.Process(int(text))
            times = node.cpu_times()
            return times.user + times.system, node.memory_info().rss
    return None


if __name__ == "__main__":
    main()
