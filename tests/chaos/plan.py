"""What happens in a round, as data that follows from its seed alone."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ops.embedded import postgres, valkey
from tests.support.fleet import NODES, OF_EACH_WORKER, Fleet

KILL, END, FREEZE = "kill", "end", "freeze"
CUT, AWAY, STALL, HALF_OPEN, DELAY = "cut", "away", "stall", "half-open", "delay"
SLOW_FSYNC, CLIENTS, BLACKOUT = "slow-fsync", "clients", "blackout"
OF_SERVERS: Final = (valkey.LOG, valkey.BOARD, postgres.NAME)
OF_PROXIES: Final = (CUT, AWAY, STALL, HALF_OPEN, DELAY)
AFTER: Final = (500, 1900)
"""Accepted messages between the beginnings of two faults."""
BLACKOUT_EVERY: Final = 3
"""In every third deal everything is killed at once. Seeds begin with different ones: a round of 20,000
messages has about one deal."""


@dataclass(frozen=True)
class Fault:
    """Begins when so many further messages were accepted `after` the one before began, and is over `seconds`
    later. `target` is a process, a server, or empty."""

    after: int
    kind: str
    target: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.kind} {self.target}".strip() + f" {self.seconds:.1f} s"


def plan(seed: int) -> Iterator[Fault]:
    """Faults without end. They are dealt: each deal has one of each kind, in random order."""
    chance = random.Random(f"faults {seed}")
    deal = seed
    while True:
        deal += 1
        cards = list(_deal(chance, blackout=deal % BLACKOUT_EVERY == 0))
        chance.shuffle(cards)
        for kind, target, most in cards:
            yield Fault(chance.randint(*AFTER), kind, target, round(chance.uniform(0.2, most), 1))


def _deal(chance: random.Random, *, blackout: bool) -> Iterator[tuple[str, str, float]]:
    """Kind, target, and the most seconds."""
    nodes = [f"node-{number}" for number in range(NODES)]
    workers = [name for name in Fleet.names() if name not in nodes]
    yield from ((KILL, name, 1.0) for name in OF_SERVERS)
    yield KILL, chance.choice(nodes), 1.0
    yield from ((KILL, name, 1.5) for name in chance.sample(workers, OF_EACH_WORKER))
    yield END, chance.choice(Fleet.names()), 0.5
    yield FREEZE, chance.choice(nodes), 2.0
    yield from ((FREEZE, name, 3.0) for name in chance.sample(workers, OF_EACH_WORKER))
    yield FREEZE, chance.choice(OF_SERVERS), 2.0
    yield from ((chance.choice(OF_PROXIES), name, 2.0) for name in chance.sample(OF_SERVERS, 2))
    yield SLOW_FSYNC, valkey.LOG, 2.0
    yield CLIENTS, "", 2.0
    if blackout:
        yield BLACKOUT, "", 0.5
