"""Sockets that have not authenticated yet: how many there may be, and how much each may send.

Invariant: such a socket makes the node receive at most `BYTES`, and decode at most the heads of `FRAMES`
packets. One that breaks the rules keeps its place until its time to authenticate is over, so that an address
cannot open more of them in that time than there are places for it (`relay.admission.room`).
"""

import asyncio
import time
from collections import Counter
from typing import Final

from relay import metrics
from schema.refusals import Refusal

AUTHENTICATE_SECONDS: Final = 5.0
FRAME_BYTES: Final = 8 * 1024
FRAMES: Final = 2
"""CONNECT, and one more."""
_FRAME_HEADER: Final = 14
BYTES: Final = FRAMES * (FRAME_BYTES + _FRAME_HEADER)
"""Everything that the network delivers before authentication, control frames included."""


class Places:
    """Counts the node's unauthenticated sockets, in all and per address."""

    def __init__(self, *, most: int, most_per_address: int) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._taken: Counter[str] = Counter()

    def reserve(self, address: str) -> "Place":
        """A place. Raises Refusal rate_limited (this address has too many) or unavailable (all have)."""
        if self._taken[address] >= self._most_per_address:
            metrics.CONNECTIONS_REFUSED.labels("unauthenticated").inc()
            raise Refusal("rate_limited", "Too many sockets wait to authenticate.", retry_after_ms=1000)
        if self._taken.total() >= self._most:
            metrics.CONNECTIONS_REFUSED.labels("unauthenticated").inc()
            raise Refusal("unavailable", "Too many sockets wait to authenticate.", retry_after_ms=1000)
        self._taken[address] += 1
        return Place(self._taken, address)


class Place:
    """One socket's place; `leave` gives it back, once."""

    def __init__(self, taken: Counter[str], address: str) -> None:
        self._taken = taken
        self._address = address
        self._until = time.monotonic() + AUTHENTICATE_SECONDS
        self._left = False

    def leave(self) -> None:
        """It has authenticated, or is closed."""
        if not self._left:
            self._left = True
            self._taken[self._address] -= 1
            if self._taken[self._address] <= 0:
                del self._taken[self._address]

    def forfeit(self) -> None:
        """It broke a rule: the place is given back when its time to authenticate is over."""
        delay = max(0.0, self._until - time.monotonic())
        asyncio.get_running_loop().call_later(delay, self.leave)
