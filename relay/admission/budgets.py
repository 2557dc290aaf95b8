"""Budgets: how much of a kind one user may ask of a node. Local to the node and without I/O.

Invariant: in any stretch of time no more is spent than `burst`, plus the cost of one call, plus `per_second`
for its length. A call that costs more than is left is granted if anything is left: so no call is too
expensive for ever, and the next ones wait until it is paid back. A user's sockets share one budget: further
sockets bring nothing more.
"""

import time
from collections.abc import Callable
from typing import Final

from schema.refusals import Refusal

CALLS_AT_ONCE: Final = 128
"""Unanswered calls; more are refused."""
UNANSWERED_BYTES: Final = 4 * 1024 * 1024
"""Bodies of unanswered sends: a log that stalls must not fill the node's memory."""
RENEWALS_AT_ONCE: Final = 20
RENEWALS_PER_SECOND: Final = 1.0
"""Calls of auth.refresh: each verifies a signature."""
PASSED_ON_AT_ONCE: Final = 200
PASSED_ON_PER_SECOND: Final = 20.0
"""Ephemeral envelopes, each counted once and once more per 4 KiB: a node's inbox has a cap."""
WATCHED_AT_ONCE: Final = 300
WATCHED_PER_SECOND: Final = 20.0
"""Calls of presence.watch, each counted once and once more per 20 users on the list."""
FRAMES_AT_ONCE: Final = 1_000
FRAMES_PER_SECOND: Final = 1_000.0
"""Frames are read no faster than that, each counted once more per 4 KiB (`relay.sockets.engine`): one user
must not have the whole node. Far above what a device does."""


class Budget:
    """`burst` units at once, then `per_second`."""

    def __init__(
        self, burst: int, per_second: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._per_second = per_second
        self._monotonic = monotonic
        self._left = float(burst)
        self._at = monotonic()

    def spend(self, units: int) -> None:
        """Spends them. Raises Refusal rate_limited, with the time after which a call is granted again."""
        self._gain()
        if self._left < 1:
            wait_ms = int((1 - self._left) / self._per_second * 1000) + 1
            raise Refusal("rate_limited", "Too much of this at once.", retry_after_ms=wait_ms)
        self._left -= units

    def delay(self, units: int) -> float:
        """Spends them in any case; how many seconds to wait until they are paid back."""
        self._gain()
        self._left -= units
        return max(0.0, -self._left / self._per_second)

    def _gain(self) -> None:
        now = self._monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now


def frame_budget() -> Budget:
    """For frames: a connection's own until its user is known."""
    return Budget(FRAMES_AT_ONCE, FRAMES_PER_SECOND)


class UserBudgets:
    """Shared by the sockets that one user has on this node (`relay.delivery.registry`). `calls` and
    `unanswered_bytes` are those that wait for their answers."""

    def __init__(self) -> None:
        self.calls = 0
        self.unanswered_bytes = 0
        self.passing = Budget(PASSED_ON_AT_ONCE, PASSED_ON_PER_SECOND)
        self.watching = Budget(WATCHED_AT_ONCE, WATCHED_PER_SECOND)
        self.renewing = Budget(RENEWALS_AT_ONCE, RENEWALS_PER_SECOND)
        self.frames = frame_budget()
