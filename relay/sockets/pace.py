"""How much may be on its way to one client: a window that is learned from the answers to pings. Without I/O.

Invariant: at most the window and one event are written that the client is not known to have received. A ping
behind the data is answered once the client has them, whatever proxies and kernels between the two hold; so on
a slow line a ping waits behind little, and the client's own watch for pings does not end the connection.
"""

import time
from collections.abc import Callable
from typing import Final

LEAST_BYTES: Final = 128 * 1024
"""The first window: sixteen seconds at 8 KiB/s."""
MOST_BYTES: Final = 4 * 1024 * 1024
QUICK_SECONDS: Final = 1.0
"""An answer within this doubles the window …"""
SLOW_SECONDS: Final = 5.0
"""… and one after more than this halves it."""


class Pace:
    """Bytes of one connection: `written` in all, and how many of them the client has."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._window = LEAST_BYTES
        self.written = 0
        self._received = 0
        self._marked = 0
        self._marks: list[tuple[int, float]] = []

    @property
    def room(self) -> int:
        """How many bytes may be written now; 0 or less: a ping's answer must come first."""
        return self._window - (self.written - self._received)

    @property
    def is_due(self) -> bool:
        """Whether a ping should be written behind the data."""
        return self.written - self._marked >= self._window // 2

    def mark(self) -> None:
        """A ping is written now."""
        self._marked = self.written
        self._marks.append((self.written, self._monotonic()))

    def answered(self) -> None:
        """The oldest open ping was answered. The window changes only by pings that had data before them."""
        written, at = self._marks.pop(0)
        took = self._monotonic() - at
        if written - self._received >= self._window // 2 and took < QUICK_SECONDS:
            self._window = min(2 * self._window, MOST_BYTES)
        elif took > SLOW_SECONDS:
            self._window = max(self._window // 2, LEAST_BYTES)
        self._received = written
