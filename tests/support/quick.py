"""What takes long in processes under test, made shorter than in production. The one place for these."""

from collections.abc import Mapping
from typing import Final

from argon2 import PasswordHasher, Type

from relay.auth.passwords import LANES

CHEAP: Final[Mapping[str, float]] = {
    # A hash takes a twentieth of a second of CPU by the agreed cost, and most tests begin with some.
    "relay.auth.passwords.MEMORY_KIB": 64,
    "relay.auth.passwords.ITERATIONS": 1,
}
"""For processes that no test kills. With production's ticks they use half the CPU while they wait."""
QUICK: Final[Mapping[str, float]] = {
    **CHEAP,
    # A worker that was killed or frozen is followed by another this soon.
    "workers.bootstrap.LEASE_SECONDS": 0.9,
    "workers.bootstrap.TICK_SECONDS": 0.3,
    "workers.rate_limiter.keeping.EVERY_SECONDS": 0.2,
}


def quick_hasher() -> PasswordHasher:
    """The same cost for a relay in the test's own process."""
    memory, iterations = (int(QUICK[f"relay.auth.passwords.{name}"]) for name in ("MEMORY_KIB", "ITERATIONS"))
    return PasswordHasher(iterations, memory, LANES, type=Type.ID)
