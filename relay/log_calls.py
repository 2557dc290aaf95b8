"""What leaves for the log next, and in which calls. Pure.

Invariant: the calls under way have less than UNDER_WAY_BYTES and one submission more (an allowed send has 768
KiB), so no call is larger either. What waits beyond that is served fairly (`relay.fair_queue`): one user's
megabytes delay another's message by what is under way, not by all that was submitted before it.
"""

from collections.abc import Hashable
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

    def __init__(self, function: str, partition: int) -> None:
        self.function = function
        self.partition = partition
        self.submissions: list[S] = []
        self.size = 0
        self.is_under_way = True


class Calls(Generic[S]):
    """All that one node submits."""

    def __init__(self) -> None:
        self._waiting: FairQueue[tuple[tuple[str, int], int, S]] = FairQueue()
        self._under_way = 0

    @property
    def waiting(self) -> bool:
        """Whether something has not left yet."""
        return bool(self._waiting)

    def submit(self, sender: Hashable, function: str, partition: int, size: int, submission: S) -> None:
        """It waits for its call; `size` in bytes."""
        self._waiting.push((function, sender), size, ((function, partition), size, submission))

    def begin(self) -> list[Call[S]]:
        """The calls that leave now; each is under way until it is `over`."""
        calls: list[Call[S]] = []
        filling: dict[tuple[str, int], Call[S]] = {}
        while self._waiting and self._under_way < UNDER_WAY_BYTES:
            kind, size, submission = self._waiting.pop()
            call = filling.get(kind)
            if call is None or len(call.submissions) >= CALL_SENDS:
                call = filling[kind] = Call(*kind)
                calls.append(call)
            call.submissions.append(submission)
            call.size += size
            self._under_way += size
        return calls

    def over(self, call: Call[S]) -> None:
        """The log has answered the call, or never will. May be repeated."""
        if call.is_under_way:
            call.is_under_way = False
            self._under_way -= call.size
