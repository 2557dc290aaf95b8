"""Attempts at what an owner before left unfinished: which entry ends the workers that handle it?

Nobody is told why a worker's process died, and it held many entries. So the next owner, before it handles
them, records on the log where it begins. If it dies, the one after it goes on entry by entry, recording each:
the record then names the entry that did it, and counts the workers that it cost.

Invariant: what waits for a server is on no record. A process may be killed at any moment, and most of its
moments are spent waiting; no number of such ends says anything against the entry. So the record is taken back
as soon as the work waits, and a handler does what an entry's content could make it die of before it does.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final

from schema import functions, tasks
from workers.batches import Source
from workers.failures import AWAY

ALONE: Final = 3
"""So many workers may end over an entry that they handled alone; then it is set aside."""
REMEMBERED_SECONDS: Final = 86_400


class Attempts:
    """The record of one group on one stream, as the worker `name` keeps it."""

    def __init__(self, client: Any, source: Source[Any], name: str) -> None:
        self._client = client
        self._source = source
        self._name = name
        self.on_record = False

    async def ended_at(self) -> bytes | None:
        """Where another worker began that was not heard of again, if one did."""
        position, worker = await self._client.hmget(self._source.attempt, "position", "worker")
        return None if worker == self._name.encode() else position

    async def begin(self, position: bytes, *, alone: bool = True) -> int:
        """Records that the work begins at the entry: at that one alone, or also at others behind it. How many
        workers began with it alone and were not heard of again, this one included."""
        self.on_record = True
        arguments = [position, self._name, REMEMBERED_SECONDS, int(alone)]
        count: int = await functions.call(
            self._client, "workers", "attempt", [self._source.attempt], arguments
        )
        return count

    async def during(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs `work`; as soon as it waits for something, or is through, the record is taken back."""
        running = asyncio.create_task(work)
        try:
            await asyncio.sleep(0)  # it runs up to its first wait
            await self.over()
            await running
        finally:
            await tasks.end([running])

    async def over(self) -> None:
        """Takes the record back: this worker lives. If that cannot be said, one attempt counts too many."""
        self.on_record = False
        with suppress(*AWAY):
            await self._client.delete(self._source.attempt)
