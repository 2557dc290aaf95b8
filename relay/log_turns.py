"""Turns: what is submitted for a partition while its turn is under way goes together with the next one.

Invariant: a partition has one turn in flight. So batches grow with load, nothing waits when idle, and a send
whose outcome is unknown is resolved before later ones go out: their order holds.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

S = TypeVar("S")


class Turns(Generic[S]):
    """`run` takes a partition and a turn's submissions, in order. It must not raise."""

    def __init__(self, run: Callable[[int, list[S]], Awaitable[None]]) -> None:
        self._run = run
        self._waiting: dict[int, list[S]] = {}
        self._running: dict[int, asyncio.Task[None]] = {}

    def submit(self, partition: int, submission: S) -> None:
        """Goes with the partition's next turn, which begins at once if none is in flight."""
        waiting = self._waiting.get(partition)
        if waiting is not None:
            waiting.append(submission)
            return
        self._waiting[partition] = [submission]
        if partition not in self._running:
            # A task begins in the next turn of the event loop: what else this one brings is in time.
            self._running[partition] = asyncio.get_running_loop().create_task(self._turns(partition))

    async def drain(self) -> None:
        """Waits until every turn is over."""
        while self._running:
            await asyncio.wait(set(self._running.values()))

    async def _turns(self, partition: int) -> None:
        try:
            while (turn := self._waiting.pop(partition, None)) is not None:
                await self._run(partition, turn)
        finally:
            del self._running[partition]
