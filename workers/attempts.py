"""Attempts at what an owner before left unfinished: which entry ends the workers that handle it?

Nobody is told why a worker's process died, and it held many entries. So the next owner, before it handles
them, records on the log where it begins; it takes the record back when it is through, or fails but lives. If
it dies too, the one after it goes on entry by entry, recording each: the record then names the entry that did
it, and counts the workers that it cost.
"""

from contextlib import suppress
from typing import Any, Final

from schema import functions
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

    async def begin(self, position: bytes) -> int:
        """Records that the work begins at the entry; how many workers began there and were not heard of
        again, this one included."""
        arguments = [position, self._name, REMEMBERED_SECONDS]
        count: int = await functions.call(
            self._client, "workers", "attempt", [self._source.attempt], arguments
        )
        return count

    async def over(self) -> None:
        """Takes the record back: this worker lives. If that cannot be said, one attempt counts too many."""
        with suppress(*AWAY):
            await self._client.delete(self._source.attempt)
