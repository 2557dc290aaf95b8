"""`python -m ops.load`: messages a second and latency through a relay on this machine."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles

import aiohttp
import click
from rich.console import Console
from rich.table import Table

from ops.load.person import LoadFailed, Person, Tally
from ops.load.processes import Usage

READY = "Sealstream is ready at "
WARM_UP_SECONDS = 2.0
MIB = 1024 * 1024
ROOMY = {
    "SEALSTREAM_MESSAGES_PER_MINUTE": "100000000",
    "SEALSTREAM_REGISTRATIONS_PER_HOUR": "1000000",
    "SEALSTREAM_CONNECTIONS_PER_MINUTE": "100000",
}


@click.command()
@click.option(
    "--url", multiple=True, help="A running relay (several: users are spread). Default: one of its own."
)
@click.option("--data", type=click.Path(path_type=Path), help="Its data directory, to see its processes.")
@click.option("--port", default=18080, show_default=True, help="Port of the relay that is started.")
@click.option("--users", default=100, show_default=True)
@click.option("--outstanding", default=4, show_default=True, help="Unanswered sends per user.")
@click.option("--rate", default=0.0, help="Messages a second in all, instead of as many as go.")
@click.option("--seconds", default=10.0, show_default=True)
@click.option("--size", default=512, show_default=True, help="Bytes of a body.")
def main(
    url: tuple[str, ...],
    data: Path | None,
    port: int,
    users: int,
    outstanding: int,
    rate: float,
    seconds: float,
    size: int,
) -> None:
    """Users in pairs write to each other: how many messages passed the relay, how fast, at what cost."""
    try:
        if url:
            asyncio.run(run(list(url), data, users, outstanding, rate, seconds, size))
            return
        with own_relay(port) as (address, own_data):
            asyncio.run(run([address], own_data, users, outstanding, rate, seconds, size))
    except (LoadFailed, aiohttp.ClientError, OSError) as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def own_relay(port: int) -> Iterator[tuple[str, Path]]:
    """`sealstream up` with empty data and wide limits; its address and data directory."""
    with tempfile.TemporaryDirectory(prefix="sealstream-load-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        data = Path(folder) / "data"
        environment = {**os.environ, **ROOMY, "SEALSTREAM_DATA": str(data), "SEALSTREAM_PORT": str(port)}
        process = subprocess.Popen(
            [sys.executable, "-m", "ops.cli", "up"], env=environment, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if READY in line:
                    yield line.strip().removeprefix(READY), data
                    break
            else:
                raise LoadFailed("the relay did not come up")
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()


async def run(
    urls: list[str], data: Path | None, users: int, outstanding: int, rate: float, seconds: float, size: int
) -> None:
    """One measurement, printed. Raises LoadFailed."""
    tally = Tally()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        people = [Person(http, urls[number % len(urls)], tally, size) for number in range(users // 2 * 2)]
        for one, other in zip(people[::2], people[1::2], strict=True):
            one.partner, other.partner = other, one
        for person in people:
            await person.register()
            await person.connect()
        listening = [asyncio.create_task(person.listen()) for person in people]
        pacing = await _begin(people, outstanding, rate)
        await asyncio.sleep(WARM_UP_SECONDS)
        usage = Usage(data)
        tally.counting = True
        await asyncio.sleep(seconds)
        tally.counting = False
        used = usage.since()
        for person in people:
            person.writing = False
        await asyncio.gather(*pacing)
        await asyncio.sleep(1.0)
        gaps = sum(person.received != list(range(1, len(person.received) + 1)) for person in people)
        await asyncio.gather(*(person.close() for person in people))
        await asyncio.gather(*listening, return_exceptions=True)
    report(tally, used, seconds, gaps)


async def _begin(people: list[Person], outstanding: int, rate: float) -> list["asyncio.Task[None]"]:
    for person in people:
        person.writing = True
    if rate:
        return [asyncio.create_task(person.pace(len(people) / rate)) for person in people]
    for person in people:
        person.refills = True
        for _ in range(outstanding):
            await person.send()
    return []


def report(tally: Tally, used: dict[str, tuple[float, int]], seconds: float, gaps: int) -> None:
    """Prints the measurement."""
    console = Console()
    console.print(
        f"{tally.accepted / seconds:,.0f} messages/s accepted, {tally.delivered / seconds:,.0f} delivered"
    )
    for name, sample in (("send → accepted", tally.to_accepted), ("send → received", tally.to_received)):
        if len(sample) >= 2:
            cuts = quantiles(sample, n=100)
            values = ", ".join(f"p{place} {cuts[place - 1] * 1000:.1f} ms" for place in (50, 95, 99))
            console.print(f"{name}: {values}")
    refused = ", ".join(f"{code} {count}" for code, count in tally.refused.items()) or "none"
    console.print(f"refused: {refused}; users with a gap or a doubled number: {gaps}")
    table = Table("process", "CPU", "CPU-s / 1,000 messages", "memory")
    for name, (cpu, memory) in sorted(used.items(), key=lambda row: -row[1][0]):
        share = f"{100 * cpu / seconds:.0f} %"
        per_thousand = f"{1000 * cpu / max(1, tally.accepted):.3f}"
        table.add_row(name, share, per_thousand, f"{memory / MIB:.0f} MiB")
    console.print(table)


if __name__ == "__main__":
    main()
