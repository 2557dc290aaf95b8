"""`python -m ops.load.flood`: what a flood of log-ins does to messages, in turns with and without.

Argon2 is the lever: the limit on log-ins is raised, so that the node's own bounds are all that holds.
"""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from typing import Final

import aiohttp
import click
import uvloop

from ops.load.own_relay import RAISED, own_relay
from ops.load.percentiles import percentile
from ops.load.returning import in_groups
from ops.load.user import Measured, User
from schema import tasks

SETTINGS: Final = {
    **RAISED,
    "SEALSTREAM_LOGINS_PER_MINUTE": "1000000",
    "SEALSTREAM_REFRESHES_PER_MINUTE": "1000000",
    "SEALSTREAM_FAILED_LOGINS_PER_MINUTE": "1000000",
}
USERS: Final = 20
BODY_BYTES: Final = 512


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--turns", default=5, show_default=True, type=click.IntRange(min=1), help="Of each kind.")
@click.option("--seconds", default=8.0, show_default=True, help="Per turn.")
@click.option("--rate", default=100.0, show_default=True, help="Messages a second in all.")
@click.option("--log-ins", default=32, show_default=True, type=click.IntRange(min=1), help="At a time.")
def main(turns: int, seconds: float, rate: float, log_ins: int) -> None:
    """The latency of messages during a log-in flood and without, their medians and ratio."""
    with own_relay(SETTINGS) as (url, _):
        uvloop.run(_measure(url, turns, seconds, rate, log_ins))


async def _measure(url: str, turns: int, seconds: float, rate: float, log_ins: int) -> None:
    measured = Measured()
    answers: Counter[str] = Counter()
    users = [User(url, measured, window=64, body_bytes=BODY_BYTES) for _ in range(USERS)]
    for one, other in zip(users[::2], users[1::2], strict=True):
        one.partner, other.partner = other, one
    worst: dict[bool, list[float]] = {False: [], True: []}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        await in_groups(4, [lambda u=u: u.register(http) for u in users])  # type: ignore[misc]
        for user in users:
            await user.connect(http)
        for turn in range(2 * turns):
            flooded = bool(turn % 2)
            measured.received.clear()
            async with _flood(http, url, log_ins if flooded else 0, answers):
                until = time.perf_counter() + seconds
                await asyncio.gather(*(user.write(until, USERS / rate) for user in users))
            p50, p99 = (percentile(measured.received, share) * 1000 for share in (0.5, 0.99))
            worst[flooded].append(p99)
            click.echo(f"{'flood' if flooded else 'quiet'}: received p50 {p50:.1f} ms  p99 {p99:.1f} ms")
        for user in users:
            await user.close()
    quiet, flood = median(worst[False]), median(worst[True])
    click.echo(f"median p99: quiet {quiet:.1f} ms, flood {flood:.1f} ms, ratio {flood / quiet:.1f}")
    click.echo(f"log-ins a second: {answers.total() / (turns * seconds):.0f}, answered {dict(answers)}")
    click.echo(f"messages refused: {dict(measured.refused) or 'none'}; gaps: {measured.gaps}")


@asynccontextmanager
async def _flood(
    http: aiohttp.ClientSession, url: str, count: int, answers: Counter[str]
) -> AsyncIterator[None]:
    """So many log-ins are under way all the time, each for another name."""

    async def log_in() -> None:
        while True:
            body = {"username": f"nobody_{secrets.token_hex(6)}", "password": "wrong password"}
            async with http.post(f"{url}/v1/sessions", json=body) as answer:
                read = await answer.json(content_type=None)
                answers[f"{answer.status} {read['code']}"] += 1

    flooding = [asyncio.create_task(log_in()) for _ in range(count)]
    try:
        yield
    finally:
        await tasks.end(flooding)


if __name__ == "__main__":
    main()
