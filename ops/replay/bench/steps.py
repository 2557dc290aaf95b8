"""What bounds the fold of the log: reading, decoding and folding one partition, each by itself."""

import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

import click
import msgspec
import psutil

from schema import keys, servers
from schema.positions import START
from workers.replay.fold import Fold
from workers.replay.log_source import LogSource

PARTITION = 0


class Measured(msgspec.Struct, frozen=True):
    """Seconds by the clock, and of CPU: of this process and of the log's."""

    wall: float
    own: float
    server: float


async def steps(url: str, server: psutil.Process, partitions: int) -> None:
    """Prints entries a second and CPU of each step."""
    client: Any = servers.client(url)
    try:
        entries = await client.xlen(keys.log(PARTITION))
        source = LogSource(client, rate=None, digests=True)
        extent = await source.extent(PARTITION)
        fold = Fold(PARTITION, complete=extent.complete, partitions=partitions)

        async def read() -> None:
            begin = "-"
            while rows := await client.execute_command(
                b"XRANGE", keys.log(PARTITION), begin, "+", "COUNT", 500
            ):
                begin = f"({rows[-1][0].decode()}"

        async def decode() -> None:
            async for _page in source.pages(PARTITION, START, extent.last):
                pass

        async def folded() -> None:
            source.forget(PARTITION)
            async for page in source.pages(PARTITION, START, extent.last):
                fold.take(page)

        click.echo(f"\nOne process, the {entries:,} entries of partition {PARTITION} that are in the log:")
        click.echo(f"{'step':20} {'entries/s':>10} {'µs an entry':>12} {'own CPU':>8} {'log CPU':>8}")
        measured = Measured(0, 0, 0)
        for name, step in (("read", read), ("read, decode, digest", decode), ("… and fold", folded)):
            measured = await _measure(server, step)
            each = [1e6 / entries * seconds for seconds in (measured.wall, measured.own, measured.server)]
            click.echo("{:20} {:>10,.0f} {:>12.2f} {:>8.2f} {:>8.2f}".format(name, 1e6 / each[0], *each))
        cores = os.cpu_count() or 1
        free = cores * entries / (measured.own + measured.server)
        click.echo(f"By this CPU, {cores} cores that nobody else uses read and fold {free:,.0f} entries/s.")
    finally:
        await client.aclose()


async def _measure(server: psutil.Process, step: Callable[[], Awaitable[None]]) -> Measured:
    def times() -> tuple[float, float, float]:
        own, log = psutil.Process().cpu_times(), server.cpu_times()
        return time.perf_counter(), own.user + own.system, log.user + log.system

    before = times()
    await step()
    return Measured(*(now - then for then, now in zip(before, times(), strict=True)))
