"""`python -m ops.load`: measures a relay that runs, or (`--start`) one of its own."""

import os
import time
from pathlib import Path

import aiohttp
import click
import uvloop

from ops.errors import OperatorError
from ops.load.own_relay import RAISED, own_relay
from ops.load.pairs import Pairs
from ops.load.percentiles import percentile
from ops.load.usage import Usage, usage
from ops.load.user import Measured
from schema.settings import Settings


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--url", multiple=True, help="Nodes to use (default: SEALSTREAM_HOST and SEALSTREAM_PORT).")
@click.option("--start", is_flag=True, help="Start a relay of its own in a temporary directory.")
@click.option("--users", default=50, show_default=True, type=click.IntRange(min=2), help="In pairs.")
@click.option(
    "--window", default=4, show_default=True, type=click.IntRange(min=1), help="Under way per user."
)
@click.option("--rate", default=0.0, show_default=True, help="Messages a second in all; 0: as many as go.")
@click.option("--seconds", default=20.0, show_default=True, help="How long to measure.")
@click.option("--body", default=512, show_default=True, type=click.IntRange(1, 65536), help="Bytes.")
def main(
    url: tuple[str, ...], start: bool, users: int, window: int, rate: float, seconds: float, body: int
) -> None:
    """Messages a second, latencies and CPU shares of a running relay."""
    settings = Settings.from_env(os.environ)
    try:
        if start:
            with own_relay(RAISED) as (address, data):
                uvloop.run(_measure((address,), data, users, window, rate, seconds, body))
        else:
            nodes = url or (f"http://{settings.host}:{settings.port}",)
            uvloop.run(_measure(nodes, settings.data, users, window, rate, seconds, body))
    except (OperatorError, aiohttp.ClientError) as error:
        raise click.ClickException(str(error)) from error


async def _measure(
    urls: tuple[str, ...], data: Path, count: int, window: int, rate: float, seconds: float, body: int
) -> None:
    pairs = Pairs(urls, count, window=window, body_bytes=body)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        await pairs.open(http)
        click.echo(
            f"{len(pairs.users)} users at {', '.join(urls)}, "
            f"{window} under way each, {body} bytes, {seconds:g} s"
        )
        before, began = usage(data), time.perf_counter()
        try:
            await pairs.write(seconds, rate)
        except TimeoutError:
            click.echo("Some messages never came: their senders are still waiting.")
        took = time.perf_counter() - began
        after = usage(data)
        await pairs.last_ones()
        ends = await pairs.close()
    _report(pairs.measured, took, {name: used.since(before.get(name)) for name, used in after.items()}, ends)


def _report(measured: Measured, took: float, used: dict[str, Usage], ends: list[str]) -> None:
    received = len(measured.received)
    click.echo(f"\n{received / took:,.0f} messages/s ({received} received in {took:.1f} s)")
    for name, times in (("send → accepted", measured.accepted), ("send → received", measured.received)):
        p50, p95, p99 = (percentile(times, share) * 1000 for share in (0.50, 0.95, 0.99))
        click.echo(f"{name}:  p50 {p50:.1f} ms  p95 {p95:.1f} ms  p99 {p99:.1f} ms")
    refused = ", ".join(f"{count} {code}" for code, count in measured.refused.items()) or "none"
    click.echo(f"refused: {refused}; gaps: {measured.gaps}; never came: {len(measured.under_way)}")
    if ends:
        click.echo(f"sockets ended by the relay: {', '.join(ends)}")
    click.echo(f"\n{'process':18} {'CPU (of one core)':>17} {'CPU-s per 1000':>15} {'memory':>10}")
    for name, row in sorted(used.items(), key=lambda item: -item[1].cpu_seconds):
        per_thousand = row.cpu_seconds * 1000 / max(received, 1)
        memory = f"{row.memory_bytes / 1024 / 1024:.0f} MiB"
        click.echo(f"{name:18} {row.cpu_seconds / took:17.0%} {per_thousand:15.3f} {memory:>10}")


if __name__ == "__main__":
    main()
