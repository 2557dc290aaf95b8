"""A queue that is fair by bytes: start-time fair queueing (Goyal, Vin, Cheng, 1996). Pure.

Invariant: what one sender put in leaves in its order. Among senders the one that has had the fewest bytes
goes first, counted from when it last had nothing waiting: a sender of a few bytes never waits for all that
another put in before it.
"""

from collections.abc import Hashable
from heapq import heappop, heappush
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """`push` and `pop`; false while nothing waits."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, T]] = []
        self._arrivals = count()
        self._ends: dict[Hashable, int] = {}
        self._now = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def push(self, sender: Hashable, size: int, item: T) -> None:
        """Puts the item in; it counts `size` bytes of its sender's share."""
        begin = max(self._now, self._ends.get(sender, 0))
        self._ends[sender] = begin + size
        heappush(self._waiting, (begin, next(self._arrivals), item))

    def pop(self) -> T:
        """Takes the next one out. Raises IndexError when nothing waits."""
        self._now, _, item = heappop(self._waiting)
        if not self._waiting:
            self._ends.clear()
            self._now = 0
        return item
