"""`make chaos`: rounds of 20,000 messages through one deployment, each with a seed of its own, until N
messages were accepted; then the product's own audit of everything.

`SEED=S N=20000 make chaos` repeats the round of a seed."""

import asyncio
import secrets
import shutil
import sys
import time
from pathlib import Path

import click
import uvloop

from tests.chaos.deployment import Deployment
from tests.chaos.round import ROUND, fight
from tests.support.prepared import shared_run


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--messages", default=1_000_000, show_default=True, type=click.IntRange(1))
@click.option("--seed", type=int, help="Of the first round; each further round adds one. Default: random.")
@click.option("--minutes", default=0.0, help="Begins no further round after that time; 0: no limit.")
@click.option(
    "--logs", default=".chaos", show_default=True, type=click.Path(path_type=Path), help="On failure."
)
def main(messages: int, seed: int | None, minutes: float, logs: Path) -> None:
    """Kills, freezes and cuts off processes and servers under traffic; exit status 1 if anything is wrong."""
    first = secrets.randbelow(1_000_000) if seed is None else seed
    with shared_run():
        sys.exit(uvloop.run(_rounds(messages, first, minutes * 60 or float("inf"), logs)))


async def _rounds(messages: int, seed: int, seconds: float, logs: Path) -> int:
    began, accepted, wrong = time.monotonic(), 0, 0
    async with Deployment.running(keep=logs) as deployment:
        while accepted < messages and time.monotonic() - began < seconds:
            count = min(ROUND, messages - accepted)
            click.echo(f"SEED={seed} N={count}")
            report = await fight(deployment, seed, count, click.echo)
            accepted, seed = accepted + report.accepted, seed + 1
            click.echo(f"{report}\n{accepted:,} in all after {time.monotonic() - began:.0f} s")
            wrong += _say(report.wrong)
        audit = await asyncio.to_thread(deployment.command, "replay", "audit")
        click.echo(audit.stdout + audit.stderr)
        wrong += audit.returncode
        wrong += _say(await asyncio.to_thread(deployment.orderly_end))
        if wrong:
            shutil.copytree(deployment.data / "logs", logs, dirs_exist_ok=True)
            click.echo(f"What the processes logged is in {logs}.")
    click.echo(f"{accepted:,} messages: {'clean' if not wrong else f'{wrong} WRONG'}")
    return int(wrong > 0)


def _say(wrong: list[str]) -> int:
    for text in wrong:
        click.echo(f"WRONG: {text}")
    return len(wrong)


if __name__ == "__main__":
    main()
