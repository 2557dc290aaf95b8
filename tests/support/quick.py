"""The times of processes under test: production's, made about ten times shorter. The one place for these."""

from collections.abc import Mapping
from typing import Final

QUICK: Final[Mapping[str, float]] = {
    # A worker that was killed or frozen is followed by another this soon.
    "workers.bootstrap.LEASE_SECONDS": 0.9,
    "workers.bootstrap.TICK_SECONDS": 0.3,
    "workers.rate_limiter.keeping.EVERY_SECONDS": 0.2,
}
