"""`python -m ops.load.burst URL`: accounts that send all that their limit of bytes allows in the same second.

A process of its own, so that its work delays nobody who measures. It prints `ready` once all are connected,
begins when a line comes in, and prints as JSON how many sends were answered how and how long that took.
"""

import asyncio
import os
import sys
import time
from collections import Counter
from typing import Any, Final
from uuid import uuid4

import aiohttp
import click
import msgspec
import uvloop

from ops.load.account import Account
from ops.load.line import Line, NoAnswer
from ops.load.returning import in_groups
from schema.limits import BODY_BYTES, BYTES, DEFAULTS

ACCOUNTS: Final = 12
SENDS: Final = next(row.count for row in DEFAULTS if row.name == BYTES) // BODY_BYTES
"""Of the largest body, within the minute's bytes of an account."""


class Burst(msgspec.Struct):
    """Answers by code, `accepted` for those that were, and the seconds until the last one."""

    answers: dict[str, int]
    seconds: float


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("url")
@click.option("--accounts", default=ACCOUNTS, show_default=True, type=click.IntRange(min=1))
def main(url: str, accounts: int) -> None:
    """Sends the bytes of a minute from each account at once, when a line comes in."""
    uvloop.run(_burst(url, accounts))


async def _burst(url: str, count: int) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        accounts = [Account(url) for _ in range(count)]
        await in_groups(4, [lambda one=one: one.register(http) for one in accounts])  # type: ignore[misc]
        lines = [await Line.open(url, one.token, lambda _envelopes: None) for one in accounts]
        click.echo("ready")
        await asyncio.to_thread(sys.stdin.readline)
        answers: Counter[str] = Counter()
        began = time.perf_counter()
        pairs = zip(lines, [*accounts[1:], accounts[0]], strict=True)
        await asyncio.gather(*(_send(line, to, answers) for line, to in pairs))
        click.echo(msgspec.json.encode(Burst(answers, time.perf_counter() - began)))
        for line in lines:
            await line.close()


async def _send(line: Line, to: Account, answers: Counter[str]) -> None:
    body = os.urandom(BODY_BYTES)

    async def one() -> None:
        try:
            answer: dict[str, Any] = await line.ask("send", to.sending(str(uuid4()), body))
        except NoAnswer:
            answers["none"] += 1
        else:
            answers["accepted" if answer["ok"] else answer["error"]["code"]] += 1

    await asyncio.gather(*(one() for _ in range(SENDS)))


if __name__ == "__main__":
    main()
