"""`python -m ops.load.slow_reader`: what a reader that stops reading costs the node's memory, in turns with
one that reads."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Final
from uuid import uuid4

import aiohttp
import click
import psutil
import uvloop

from ops.errors import OperatorError
from ops.load.account import Account
from ops.load.line import Line
from ops.load.own_relay import RAISED, own_relay
from ops.load.returning import Returning
from schema import tasks

BODY_BYTES: Final = 60_000
AT_ONCE: Final = 10
MIB: Final = 1024 * 1024


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--turns", default=5, show_default=True, type=click.IntRange(min=1), help="Of each kind.")
@click.option("--megabytes", default=40, show_default=True, type=click.IntRange(min=1), help="Per turn.")
def main(turns: int, megabytes: int) -> None:
    """How much a node grows while that much is sent to a reader."""
    with own_relay(RAISED) as ((url,), data):
        uvloop.run(_measure(url, data, turns, megabytes))


async def _measure(url: str, data: Path, turns: int, megabytes: int) -> None:
    node = psutil.Process(int((data / "run" / "node-0.pid").read_text("ascii")))
    grown: dict[bool, list[float]] = {False: [], True: []}
    async with aiohttp.ClientSession() as http:
        sender = await Account(url).register(http)
        line = await Line.open(url, sender.token, lambda _envelopes: None)
        for turn in range(2 * turns):
            stalled = bool(turn % 2)
            to = await Account(url).register(http)
            before = node.memory_info().rss
            async with _reader(http, to, stalled=stalled):
                await _send(line, to, megabytes * 1_000_000 // BODY_BYTES)
                grown[stalled].append((node.memory_info().rss - before) / MIB)
            click.echo(f"{'stalled' if stalled else 'reading'}: {grown[stalled][-1]:+.1f} MiB")
        await line.close()
    click.echo(
        f"{megabytes} MB sent per turn; median growth: reading {median(grown[False]):+.1f} MiB, "
        f"stalled {median(grown[True]):+.1f} MiB; the node has {node.memory_info().rss / MIB:.0f} MiB"
    )


@asynccontextmanager
async def _reader(http: aiohttp.ClientSession, account: Account, *, stalled: bool) -> AsyncIterator[None]:
    """A socket that reads and acknowledges, or one from which nobody ever reads."""
    if stalled:
        line = await Line.open(account.url, account.token, lambda _envelopes: None)
        line.stop_reading()
        yield
        await line.close()
        return
    device = Returning(account, http)
    running = asyncio.create_task(device.run())
    await device.online.wait()
    yield
    await tasks.end([running])


async def _send(line: Line, to: Account, count: int) -> None:
    for _ in range(count // AT_ONCE):
        sends = [to.sending(str(uuid4()), os.urandom(BODY_BYTES)) for _ in range(AT_ONCE)]
        for answer in await asyncio.gather(*(line.ask("send", send) for send in sends)):
            if not answer["ok"]:
                raise OperatorError(f"a send was refused: {answer['error']['code']}")


if __name__ == "__main__":
    main()
