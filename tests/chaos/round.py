"""One round: messages of new members through a deployment that suffers a plan of faults, then the check."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from tests.chaos.deployment import Deployment
from tests.chaos.faults import Faults
from tests.chaos.plan import plan
from tests.chaos.traffic import Traffic
from tests.support.checker import violations
from tests.support.evidence import ends, gather
from tests.support.fleet import PARTITIONS
from tests.support.shown import Shown, shown

ROUND: Final = 20_000
"""Messages; also the short form of `make test`."""
REST_SECONDS: Final = 120.0
ALLOWED: Final = {"unavailable", "rate_limited"}
"""Codes of refusals under faults. A board that lost the policy refuses connections, too."""
WRONG_AT_MOST: Final = 20


@dataclass
class Report:
    """`wrong` is empty when all is well. `codes` are refusals, `unknown` sends without an answer."""

    seed: int
    seconds: float = 0.0
    faults: int = 0
    accepted: int = 0
    shown: Shown = field(default_factory=Shown)
    unknown: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        refused = ", ".join(f"{count:,} {code}" for code, count in sorted(self.codes.items())) or "none"
        return (
            f"seed {self.seed}: {self.accepted:,} accepted in {self.seconds:.0f} s through {self.faults} "
            f"faults; {self.shown}; {self.unknown:,} answers lost; refused: {refused}"
        )


async def fight(
    deployment: Deployment, seed: int, messages: int, tell: Callable[[str], None] = lambda _: None
) -> Report:
    """Runs a round and checks it. Raises Stuck, TimeoutError when the deployment does not heal."""
    report = Report(seed)
    began = time.monotonic()
    await deployment.healed()
    log, database = deployment.servers.log_url, deployment.servers.database_url()
    since = await ends(log, PARTITIONS)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        traffic = await Traffic.prepare(http, deployment.urls(), seed, messages)
        crowd = traffic.crowd
        faults = Faults(deployment, traffic, seed, tell)
        async with crowd.staying_connected():
            await asyncio.gather(traffic.run(), faults.run(plan(seed)))
            await deployment.healed()
            await traffic.received()
    report.faults, report.accepted = len(faults.begun), traffic.accepted()
    evidence = await gather(
        log, database, PARTITIONS, seconds=REST_SECONDS, since=since,
        users={user for user, _ in crowd.history.members},
    )  # fmt: skip
    report.shown = shown(crowd.history)
    report.unknown = sum(member.unanswered for member in crowd.chatters)
    report.codes = Counter(crowd.codes())
    report.wrong = [*report.shown.wrong(), *violations(crowd.history, evidence)][:WRONG_AT_MOST]
    report.wrong += [f"refused: {code}" for code in report.codes.keys() - ALLOWED]
    report.wrong += [f"{name} ended by itself with {status}" for name, status in deployment.ends]
    deployment.ends.clear()
    report.seconds = time.monotonic() - began
    return report
