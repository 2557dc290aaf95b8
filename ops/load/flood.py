"""`python -m ops.load.flood`: what a flood does to the messages of others, in turns with and without.

`log-ins`: Argon2 is the lever. The limit on log-ins is raised, so that the node's own bounds are all that
holds. `bytes`: the log's disk is. A dozen accounts send what their limit of bytes allows in the same second.
"""

import asyncio
import secrets
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from statistics import median
from typing import Final

import aiohttp
import click
import msgspec
import uvloop

from ops.errors import OperatorError
from ops.load.burst import ACCOUNTS, Burst
from ops.load.own_relay import RAISED, own_relay
from ops.load.pairs import Pairs
from ops.load.percentiles import percentile
from schema import tasks

LOG_INS: Final = "log-ins"
BYTES: Final = "bytes"
SETTINGS: Final = {
    LOG_INS: {
        **RAISED,
        "SEALSTREAM_LOGINS_PER_MINUTE": "1000000",
        "SEALSTREAM_REFRESHES_PER_MINUTE": "1000000",
        "SEALSTREAM_FAILED_LOGINS_PER_MINUTE": "1000000",
    },
    BYTES: {name: value for name, value in RAISED.items() if name != "SEALSTREAM_BYTES_PER_MINUTE"},
}
USERS: Final = 20
BODY_BYTES: Final = 512


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--of", "kind", default=LOG_INS, show_default=True, type=click.Choice([LOG_INS, BYTES]))
@click.option("--turns", default=5, show_default=True, type=click.IntRange(min=1), help="Of each kind.")
@click.option("--seconds", default=8.0, show_default=True, help="Per turn.")
@click.option("--rate", default=100.0, show_default=True, help="Messages a second in all.")
@click.option("--log-ins", default=32, show_default=True, type=click.IntRange(min=1), help="At a time.")
@click.option("--accounts", default=ACCOUNTS, show_default=True, type=click.IntRange(1), help="Of bytes.")
def main(kind: str, turns: int, seconds: float, rate: float, log_ins: int, accounts: int) -> None:
    """The latency of messages during a flood of log-ins or bytes and without, their medians and ratio."""
    try:
        with own_relay(SETTINGS[kind]) as ((url,), _):
            uvloop.run(_measure(url, turns, seconds, rate, log_ins if kind == LOG_INS else 0, accounts))
    except (OperatorError, aiohttp.ClientError) as error:
        raise click.ClickException(str(error)) from error


async def _measure(url: str, turns: int, seconds: float, rate: float, log_ins: int, accounts: int) -> None:
    """The flood is one of bytes when `log_ins` is 0."""
    pairs = Pairs((url,), USERS, body_bytes=BODY_BYTES)
    measured = pairs.measured
    answers: Counter[str] = Counter()
    worst: dict[bool, list[float]] = {False: [], True: []}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        await pairs.register(http)
        await pairs.connect()
        for turn in range(2 * turns):
            flooded = bool(turn % 2)
            measured.received.clear()
            async with _flood(http, url, log_ins, accounts, answers) if flooded else nullcontext():
                await pairs.open_loop(seconds, rate)
            p50, p99, most = (percentile(measured.received, share) * 1000 for share in (0.5, 0.99, 1.0))
            worst[flooded].append(p99)
            name = "flood" if flooded else "quiet"
            click.echo(f"{name}: received p50 {p50:.1f} ms  p99 {p99:.1f} ms  most {most:.1f} ms")
        await pairs.close()
    quiet, flood = median(worst[False]), median(worst[True])
    click.echo(f"median p99: quiet {quiet:.1f} ms, flood {flood:.1f} ms, ratio {flood / quiet:.1f}")
    what, per = ("log-ins", "a second") if log_ins else ("sends", "a second of the turns")
    click.echo(f"{what} {per}: {answers.total() / (turns * seconds):.0f}, answered {dict(answers)}")
    click.echo(f"messages refused: {dict(measured.refused) or 'none'}; gaps: {measured.gaps}")


def _flood(
    http: aiohttp.ClientSession, url: str, log_ins: int, accounts: int, answers: Counter[str]
) -> AbstractAsyncContextManager[None]:
    return _log_ins(http, url, log_ins, answers) if log_ins else _bytes(url, accounts, answers)


@asynccontextmanager
async def _bytes(url: str, accounts: int, answers: Counter[str]) -> AsyncIterator[None]:
    """New accounts, whose bytes nobody has counted yet, send all they may."""
    command = (sys.executable, "-m", "ops.load.burst", url, "--accounts", str(accounts))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    if await process.stdout.readline() != b"ready\n":
        raise OperatorError("The accounts of the flood could not be made (see above).")
    process.stdin.write(b"go\n")
    try:
        yield
    finally:
        told, _ = await process.communicate()
    if process.returncode:
        raise OperatorError("The flood ended before its sends were answered (see above).")
    burst = msgspec.json.decode(told, type=Burst)
    answers.update(burst.answers)
    click.echo(f"       {accounts} accounts were answered after {burst.seconds:.1f} s")


@asynccontextmanager
async def _log_ins(
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
