"""A queue that is fair by bytes: start-time fair queueing (Goyal, Vin, Cheng, 1996). Pure.

Invariant: the items of one sender and lane leave in their order. The sender with the fewest bytes goes
first, counted from when the queue was last empty: a sender of a few bytes never waits for everything that
another put in before it. A lane can be skipped while it is busy.
"""

from collections.abc import Container, Hashable
from heapq import heappop, heappush
from itertools import count
from typing import Generic, TypeVar

L = TypeVar("L", bound=Hashable)
T = TypeVar("T")


class FairQueue(Generic[L, T]):
    """Items in lanes; false while it is empty."""

    def __init__(self) -> None:
        self._lanes: dict[L, list[tuple[int, int, T]]] = {}
        self._arrivals = count()
        self._ends: dict[Hashable, int] = {}
        self._now = 0

    def __bool__(self) -> bool:
        return bool(self._lanes)

    def push(self, lane: L, sender: Hashable, size: int, item: T) -> None:
        """Puts the item in; it counts `size` bytes of its sender's share."""
        begin = max(self._now, self._ends.get(sender, 0))
        self._ends[sender] = begin + size
        heappush(self._lanes.setdefault(lane, []), (begin, next(self._arrivals), item))

    def first(self, busy: Container[L] = ()) -> L | None:
        """The lane of the item that goes next, of the lanes that are not busy; None when there is none."""
        idle = [(waiting[0][:2], lane) for lane, waiting in self._lanes.items() if lane not in busy]
        return min(idle, key=lambda one: one[0])[1] if idle else None

    def pop(self, lane: L) -> T:
        """Takes the lane's next item out. Raises KeyError when the lane is empty."""
        waiting = self._lanes[lane]
        begin, _, item = heappop(waiting)
        self._left(lane, begin)
        return item

    def lanes(self) -> list[L]:
        """The lanes that have items."""
        return [*self._lanes]

    def pop_all(self, lane: L, most: int) -> list[T]:
        """Takes the lane's next items out, `most` at most. Raises KeyError when the lane is empty."""
        waiting = self._lanes[lane]
        waiting.sort()
        taken = waiting[:most]
        del waiting[:most]
        self._left(lane, taken[-1][0])
        return [item for _, _, item in taken]

    def _left(self, lane: L, begin: int) -> None:
        """An item that began there is out of its lane."""
        self._now = max(self._now, begin)
        if not self._lanes[lane]:
            del self._lanes[lane]
            if not self._lanes:
                self._ends.clear()
                self._now = 0
