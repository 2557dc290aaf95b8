"""`python -m ops.load`: measures a relay that runs, or (`--start`) one of its own."""

import os
import platform
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import click
import msgspec
import uvloop

from ops.errors import OperatorError
from ops.load.own_relay import RAISED, own_relay
from ops.load.phases import PHASES, TWO_NODES, Bench, Options
from ops.load.run import Run, text
from ops.load.standing import Phase
from schema.settings import Settings

DEFAULT = Options()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("phases", nargs=-1, type=click.Choice(list(PHASES)))
@click.option("--url", multiple=True, help="Nodes to use (default: SEALSTREAM_HOST and SEALSTREAM_PORT).")
@click.option("--start", is_flag=True, help="Start relays of its own in temporary directories.")
@click.option(
    "--users", default=DEFAULT.users, show_default=True, type=click.IntRange(min=2), help="In pairs."
)
@click.option(
    "--window",
    default=DEFAULT.window,
    show_default=True,
    type=click.IntRange(min=1),
    help="Messages under way per user in a closed loop.",
)
@click.option("--rate", default=DEFAULT.rate, show_default=True, help="Messages a second of the open loop.")
@click.option("--seconds", default=DEFAULT.seconds, show_default=True, help="How long each phase lasts.")
@click.option("--body", default=DEFAULT.body, show_default=True, type=click.IntRange(1, 65536), help="Bytes.")
@click.option(
    "--sockets", default=DEFAULT.sockets, show_default=True, type=click.IntRange(min=1), help="Idle ones."
)
@click.option(
    "--catch-up",
    default=DEFAULT.catch_up,
    show_default=True,
    type=click.IntRange(min=1),
    help="Messages that wait for devices that are away.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the run as JSON, for `python -m ops.load.compare`."
)
def main(
    phases: tuple[str, ...], url: tuple[str, ...], *, start: bool, as_json: bool, **options: float
) -> None:
    """Messages a second, latencies, CPU, commands and memory of a relay, in PHASES (default: all that can be
    measured)."""  # fmt: skip
    asked = Options(**options)  # type: ignore[arg-type]
    run = Run(datetime.now(UTC).isoformat(timespec="seconds"), _machine(), asked)
    began = time.monotonic()
    try:
        for found in _own(phases or tuple(PHASES), asked) if start else _running(phases, url, asked):
            click.echo(f"{found.name} measured after {time.monotonic() - began:.0f} s", err=True)
            run.phases.append(found)
    except (OperatorError, aiohttp.ClientError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(msgspec.json.format(msgspec.json.encode(run)).decode() if as_json else text(run))


def _own(names: tuple[str, ...], options: Options) -> Iterator[Phase]:
    """Phases on a relay of one node, then those on one of two."""
    for nodes in (1, 2):
        chosen = [name for name in PHASES if name in names and (name == TWO_NODES) == (nodes == 2)]
        if chosen:
            with own_relay(RAISED, nodes=nodes) as (urls, data):
                for name in chosen:
                    yield uvloop.run(_measure(name, urls, data, options))


def _running(names: tuple[str, ...], urls: tuple[str, ...], options: Options) -> Iterator[Phase]:
    """Phases on a relay that runs. Its counters are read if its data directory lies here."""
    settings = Settings.from_env(os.environ)
    nodes = urls or (f"http://{settings.host}:{settings.port}",)
    data = settings.data if any((settings.data / "run").glob("node-*.pid")) else None
    skipped = {"sockets"} if data is None else set()
    if len(nodes) < 2:
        skipped.add(TWO_NODES)
    for name in names or [name for name in PHASES if name not in skipped]:
        yield uvloop.run(_measure(name, nodes, data, options))


async def _measure(name: str, urls: tuple[str, ...], data: Path | None, options: Options) -> Phase:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        return await PHASES[name](Bench(urls, data, options, http))


def _machine() -> dict[str, str]:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return {
        "cores": str(os.cpu_count()),
        "load before": load,
        "python": sys.version.split()[0],
        "system": f"{platform.system()} {platform.release()}",
    }


if __name__ == "__main__":
    main()
