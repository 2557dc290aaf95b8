"""Which submissions leave for the log next, and in which calls. Pure.

Invariant: a partition has one call of each function under way. So batches grow with load, nothing waits when
idle, and a call whose outcome is unknown is resolved before later ones leave. All calls under way have less
than UNDER_WAY_BYTES and one submission more (an allowed send has 768 KiB), so no call is larger either. The
rest waits in a fair queue (`relay.fair_queue`): one user's megabytes delay another's message by the bytes
under way, not by all that were submitted before it.
"""

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

from relay.fair_queue import FairQueue

S = TypeVar("S")

CALL_SENDS: Final = 128
"""Submissions in one call, at most: the log serves nobody else meanwhile."""
UNDER_WAY_BYTES: Final = 256 * 1024
"""Of all calls that the log has not answered. A busy node with messages of 512 bytes has some 20 KiB under
way (measured: ops/decisions/2026-11-30-sends-wait-in-a-fair-queue.md)."""

Lane = tuple[str, int]
"""A function and a partition."""


class Call(Generic[S]):
    """Submissions that go together: of one function and partition. `size` in bytes."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.function, self.partition = lane
        self.submissions: list[S] = []
        self.size = 0
        self.is_counted = True
        self.is_over = False


class Calls(Generic[S]):
    """All submissions of one node."""

    def __init__(self) -> None:
        self._waiting: FairQueue[Lane, tuple[int, S]] = FairQueue()
        self._busy: set[Lane] = set()
        self._under_way = 0

    @property
    def waiting(self) -> bool:
        """Whether a submission has not left yet."""
        return bool(self._waiting)

    def submit(self, sender: Hashable, function: str, partition: int, size: int, submission: S) -> None:
        """Queues the submission for its call; `size` in bytes."""
        self._waiting.push((function, partition), (function, sender), size, (size, submission))

    def begin(self) -> list[Call[S]]:
        """The calls that leave now; each is under way until it is `over`."""
        calls: dict[Lane, Call[S]] = {}
        while self._under_way < UNDER_WAY_BYTES and (lane := self._waiting.first(self._busy)) is not None:
            size, submission = self._waiting.pop(lane)
            call = calls.get(lane) or calls.setdefault(lane, Call(lane))
            call.submissions.append(submission)
            call.size += size
            self._under_way += size
            if len(call.submissions) == CALL_SENDS:
                self._busy.add(lane)
        self._busy.update(calls)
        return [*calls.values()]

    def stalled(self, call: Call[S]) -> None:
        """The connection of the call was lost: its bytes delay nobody now, its partition still waits."""
        if call.is_counted:
            call.is_counted = False
            self._under_way -= call.size

    def over(self, call: Call[S]) -> None:
        """The log has answered the call, or never will. Idempotent."""
        self.stalled(call)
        if not call.is_over:
            call.is_over = True
            self._busy.discard(call.lane)
