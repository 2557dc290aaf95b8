"""Attempts at what an owner before left unfinished: which entry ends the workers that handle it?

Nobody is told why a worker's process died, and it held many entries. So the next owner, before it handles
them, records on the log where it begins. If it dies, the one after it goes on entry by entry, recording each:
the record then names the entry that did it, and counts the workers in a row that it cost.

Invariant: a worker is on record exactly while its own code runs. A process may be killed at any moment, and
most of its moments are spent waiting for a server; no number of such ends says anything against the entry. So
the record is taken back whenever the work begins to wait, and made again before its code goes on, until the
batch is committed (ops/decisions/2026-11-26-a-deadly-entry-is-found.md).
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from functools import partial
from typing import Any, Final

from schema import functions
from schema.failures import AWAY
from workers.batches import Source

ALONE: Final = 3
"""So many workers may end over an entry that they handled alone; then it is set aside."""
REMEMBERED_SECONDS: Final = 86_400


class Attempts:
    """The record of one group on one stream, as the worker `name` keeps it."""

    def __init__(self, client: Any, source: Source[Any], name: str) -> None:
        self._client = client
        self._source = source
        self._name = name
        self._begun = (b"", False, 0)
        self.on_record = False

    async def ended_at(self) -> bytes | None:
        """Where another worker began that was not heard of again, if one did."""
        position, worker = await self._client.hmget(self._source.attempt, "position", "worker")
        return None if worker == self._name.encode() else position

    async def begin(self, position: bytes, *, alone: bool = True) -> int:
        """Records that the work begins at the entry: at that one alone, or also at others behind it. How many
        workers in a row began with it alone and were not heard of again, this one included."""
        count = await self._record(position, alone, 0)
        self._begun = position, alone, count - alone
        return count

    async def during(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs `work`, which has begun, step by step; it is off the record while it waits and when it is
        through. What it leaves to other tasks is on no record."""
        step: Callable[[], Any] = partial(work.send, None)
        try:
            while True:
                step = await self._after(_Wait(step()), work)
        except StopIteration:
            return
        finally:
            await self.over()

    async def over(self) -> None:
        """Takes the record back: this worker lives. If that cannot be said, one attempt counts too many."""
        self.on_record = False
        with suppress(*AWAY):
            await self._client.delete(self._source.attempt)

    async def _after(self, wait: "_Wait", work: Coroutine[Any, Any, None]) -> Callable[[], Any]:
        """The next step of `work`, on record, after it has waited."""
        leaving = asyncio.create_task(self.over())
        try:
            try:
                await wait
            finally:
                await leaving
                with suppress(*AWAY):  # then this step counts for nothing
                    await self._record(*self._begun)
        except BaseException as error:  # noqa: BLE001 - a cancellation, too, is for the work to hear
            return partial(work.throw, error)
        return partial(work.send, None)

    async def _record(self, position: bytes, alone: bool, before: int) -> int:
        """Adds this worker to the `before` ones, or to those that the record tells of."""
        self.on_record = True
        arguments = [position, self._name, REMEMBERED_SECONDS, int(alone), before]
        count: int = await functions.call(
            self._client, "workers", "attempt", [self._source.attempt], arguments
        )
        return count


class _Wait:
    """What a coroutine waits for, handed on as it is."""

    def __init__(self, waited: Any) -> None:
        self._waited = waited

    def __await__(self) -> Generator[Any, Any, None]:
        yield self._waited
