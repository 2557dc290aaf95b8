"""What leaves for the log next, and in which calls. Pure.

Invariant: the calls under way have less than UNDER_WAY_BYTES and one submission more (an allowed send has 768
KiB), so no call is larger either. What waits beyond that is served fairly (`relay.fair_queue`): one user's
megabytes delay another's message by what is under way, not by all that was submitted before it.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from relay.fair_queue import FairQueue

S = TypeVar("S")

CALL_SENDS: Final = 128
"""At most so many submissions in one call: the log serves nobody else meanwhile."""
UNDER_WAY_BYTES: Final = 256 * 1024
"""Of all calls that the log has not answered. A busy node with messages of 512 bytes has some 20 KiB under
way (measured: ops/decisions/2026-11-30-sends-wait-in-a-fair-queue.md)."""


class Call(Generic[S]):
    """Submissions that go together: of one function and partition. `size` in bytes."""

    def __init__(self, function: str, partition: int, submissions: list[S], size: int) -> None:
        self.function = function
        self.partition = partition
        self.submissions = submissions
        self.size = size
        self.is_under_way = True


class Calls(Generic[S]):
    """All that one node submits. `size`: the bytes of a submission."""

    def __init__(self, size: Callable[[S], int]) -> None:
        self._size = size
        self._waiting: FairQueue[tuple[tuple[str, int], S]] = FairQueue()
        self._under_way = 0

    @property
    def waiting(self) -> bool:
        """Whether something has not left yet."""
        return bool(self._waiting)

    def submit(self, sender: Hashable, function: str, partition: int, submission: S) -> None:
        """It waits for its call."""
        self._waiting.push((function, sender), self._size(submission), ((function, partition), submission))

    def begin(self) -> list[Call[S]]:
        """The calls that leave now; each is under way until it is `over`."""
        turns: dict[tuple[str, int], list[S]] = defaultdict(list)
        while self._waiting and self._under_way < UNDER_WAY_BYTES:
            kind, submission = self._waiting.pop()
            turns[kind].append(submission)
            self._under_way += self._size(submission)
        return [
            Call(*kind, part, sum(map(self._size, part)))
            for kind, turn in turns.items()
            for part in (turn[begin : begin + CALL_SENDS] for begin in range(0, len(turn), CALL_SENDS))
        ]

    def over(self, call: Call[S]) -> None:
        """The log has answered the call, or never will. May be repeated."""
        if call.is_under_way:
            call.is_under_way = False
            self._under_way -= call.size
