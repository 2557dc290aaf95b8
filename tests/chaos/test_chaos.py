"""The short form of `make chaos`, and what its plan promises."""

import asyncio
import os
from itertools import islice
from pathlib import Path

import click
import pytest

from tests.chaos.deployment import SERVERS, Deployment
from tests.chaos.plan import BLACKOUT, FREEZE, KILL, OF_PROXIES, plan
from tests.chaos.round import ROUND, fight

SEED = int(os.environ.get("SEED", "2"))
"""The default has a blackout."""
N = int(os.environ.get("N", str(ROUND)))
DEAL = 16


def test_a_plan_follows_from_its_seed() -> None:
    assert list(islice(plan(7), 100)) == list(islice(plan(7), 100))
    assert list(islice(plan(7), 100)) != list(islice(plan(8), 100))


@pytest.mark.parametrize("seed", range(20))
def test_each_deal_kills_every_server_and_freezes_and_cuts_off_some(seed: int) -> None:
    faults = list(islice(plan(seed), DEAL))
    assert {fault.target for fault in faults if fault.kind == KILL} >= set(SERVERS)
    assert {fault.target for fault in faults if fault.kind == FREEZE} & set(SERVERS)
    assert {fault.kind for fault in faults} & set(OF_PROXIES)


def test_everything_is_killed_at_once_in_the_first_deal_of_every_third_seed() -> None:
    with_blackout = [
        any(fault.kind == BLACKOUT for fault in islice(plan(seed), DEAL)) for seed in range(1, 10)
    ]
    assert with_blackout == [False, True, False] * 3


@pytest.mark.slow
@pytest.mark.uvloop
@pytest.mark.timeout(600)
async def test_nothing_is_lost_doubled_or_disordered_while_everything_fails_at_random(tmp_path: Path) -> None:
    """`SEED=… N=…` before the command repeats what failed; pytest shows the faults and where the logs are."""
    click.echo(f"SEED={SEED} N={N}")
    async with Deployment.running(keep=tmp_path) as deployment:
        report = await fight(deployment, SEED, N, click.echo)
        click.echo(str(report))
        audit = await asyncio.to_thread(deployment.command, "replay", "audit")
        ends = await asyncio.to_thread(deployment.orderly_end)
        assert not report.wrong, "\n".join(report.wrong)
        assert audit.returncode == 0, audit.stdout + audit.stderr
        assert not ends, "\n".join(ends)
