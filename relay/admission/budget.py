"""A budget: how much of a kind one user may ask for. Local to the node and without I/O.

Invariant: in any stretch of time no more is spent than `burst`, what one call may cost, and `per_second` for
as long as it lasts. A call that costs more than is left is still granted, if anything is: so none is too
dear for ever, and the next ones wait until it is paid back.
"""

import time
from collections.abc import Callable

from schema.refusals import Refusal


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
