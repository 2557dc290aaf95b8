"""Submissions to the log: which of them leave next, and in which calls. No I/O.

Invariant: a partition has one call of each function under way. So batches grow with load, nothing waits when
idle, and a call whose outcome is unknown is resolved before later ones leave. All calls under way have less
than UNDER_WAY_BYTES and one submission more (an allowed send has 768 KiB), so no call is larger either. The
rest waits in a fair queue (`relay.log.fair_queue`): one user's megabytes delay another's message by the bytes
under way, not by all that were submitted before it.
"""

import asyncio
from collections.abc import Hashable
from typing import Any, Final, Generic, TypeVar

import msgspec

from relay.log.fair_queue import FairQueue

S = TypeVar("S")

CALL_SENDS: Final = 128
"""Submissions in one call, at most: the log serves nobody else meanwhile."""
UNDER_WAY_BYTES: Final = 256 * 1024
"""Of all calls that the log has not answered. A busy node with messages of 512 bytes has some 20 KiB under
way (measured: ops/decisions/2026-11-30-sends-wait-in-a-fair-queue.md)."""

Lane = tuple[str, int]
"""A function and a partition."""


def _promise() -> "asyncio.Future[Any]":
    return asyncio.get_running_loop().create_future()


class Submission(msgspec.Struct):
    """What one caller submits, its keys and arguments, and the future that gets its outcome. `digests` of the
    bodies, if a receipt is asked for."""

    keys: list[str]
    args: list[bytes | str | int]
    digests: bytes = b""
    future: "asyncio.Future[Any]" = msgspec.field(default_factory=_promise)

    @property
    def size(self) -> int:
        """Bytes of the events."""
        return sum(len(argument) for argument in self.args if isinstance(argument, bytes))


def settle(future: "asyncio.Future[Any]", outcome: Any) -> None:
    """The future gets a result, or an exception, once."""
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


class Call(Generic[S]):
    """Submissions that go together: of one function and partition. `size` in bytes."""

    __slots__ = ("function", "is_counted", "is_over", "lane", "partition", "size", "submissions")

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
        self._arrived: list[tuple[Lane, Hashable, int, S]] = []
        self._waiting: FairQueue[Lane, tuple[int, S]] = FairQueue()
        self._bytes = 0
        self._busy: set[Lane] = set()
        self._under_way = 0

    @property
    def waiting(self) -> bool:
        """Whether a submission has not left yet."""
        return bool(self._arrived) or bool(self._waiting)

    def submit(self, sender: Hashable, function: str, partition: int, size: int, submission: S) -> None:
        """Queues the submission for its call; `size` in bytes."""
        self._arrived.append(((function, partition), sender, size, submission))
        self._bytes += size

    def begin(self) -> list[Call[S]]:
        """The calls that leave now; each is under way until it is `over`.

        Mostly there is room for everything. Nobody's turn is looked for then: it would cost a node 3 % of its
        CPU (ops/decisions/2026-11-30-sends-wait-in-a-fair-queue.md).
        """
        calls: dict[Lane, Call[S]] = {}
        has_room = self._under_way + self._bytes < UNDER_WAY_BYTES
        is_first = has_room and not self._waiting
        arrived, self._arrived = self._arrived, []
        for lane, sender, size, submission in arrived:
            if is_first and lane not in self._busy:
                self._leaves(calls, lane, size, submission)
            else:
                self._waiting.push(lane, (lane[0], sender), size, (size, submission))
        if has_room:
            for lane in self._waiting.lanes():
                if lane not in self._busy:
                    for size, submission in self._waiting.pop_all(lane, CALL_SENDS):
                        self._leaves(calls, lane, size, submission)
        elif self._waiting:
            self._take_turns(calls)
        self._busy.update(calls)
        return [*calls.values()]

    def _take_turns(self, calls: dict[Lane, Call[S]]) -> None:
        """Up to the bound, one submission after the other, from the next sender."""
        while self._under_way < UNDER_WAY_BYTES and (lane := self._waiting.first(self._busy)) is not None:
            self._leaves(calls, lane, *self._waiting.pop(lane))

    def _leaves(self, calls: dict[Lane, Call[S]], lane: Lane, size: int, submission: S) -> None:
        call = calls.get(lane)
        if call is None:
            call = calls[lane] = Call(lane)
        call.submissions.append(submission)
        call.size += size
        self._bytes -= size
        self._under_way += size
        if len(call.submissions) == CALL_SENDS:
            self._busy.add(lane)

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
