"""Which entry ends the workers that handle it? The pending list counts how often each entry was delivered.

Nobody is told why a worker's process died, and it held many entries. So what an owner before left pending is
claimed when it is handled: all at once, or, if that was tried before, one by one. The count of the first
pending entry then shows how many workers it cost.

Invariant: a worker that lives counts nothing. It takes the delivery back when the work fails or is cancelled,
and when it has gone on for LIVES_SECONDS: it survived the entry, and waits for a server. So no number of
workers that are killed in an outage says anything against an entry
(ops/decisions/2026-11-30-a-deadly-entry-is-counted.md).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, NamedTuple

from schema import tasks
from schema.failures import AWAY
from workers.batches import LIVES_SECONDS, Source
from workers.page_size import PageSize, bytes_of

ALONE: Final = 3
"""After so many workers ended over an entry that they handled alone, it is set aside."""
READ: Final = 1
"""The count of an entry that was read and not handled since."""
TOGETHER: Final = 2
"""The count of an entry that was claimed with all others."""
AT_ONCE: Final = 1000

RawEntry = tuple[bytes, dict[bytes, bytes]]


class Delivered(NamedTuple):
    """An entry, and how often it was delivered."""

    position: bytes
    times: int

    @property
    def is_deadly(self) -> bool:
        """Whether it cost ALONE workers that handled nothing else."""
        return self.times >= TOGETHER + ALONE


def pieces(left: Sequence[Delivered]) -> list[list[Delivered]]:
    """What is handled at once. Pure."""
    if left and left[0].times >= TOGETHER:
        return [[one] for one in left]
    return [list(left)] if left else []


class Deliveries:
    """One group's pending entries on one stream, as the worker `name` takes them over."""

    def __init__(
        self, client: Any, source: Source[Any], name: str, lives_seconds: float = LIVES_SECONDS
    ) -> None:
        self._client = client
        self._source = source
        self._name = name
        self._lives_seconds = lives_seconds

    async def left(self) -> list[Delivered]:
        """Every pending entry, whoever holds it, in order."""
        found: list[Delivered] = []
        start = "-"
        while rows := await self._client.xpending_range(
            self._source.stream, self._source.group, min=start, max="+", count=AT_ONCE
        ):
            found += [Delivered(row["message_id"], row["times_delivered"]) for row in rows]
            start = f"({rows[-1]['message_id'].decode()}"
        return found

    @asynccontextmanager
    async def handling(
        self, piece: Sequence[Delivered], *, force: bool = False
    ) -> AsyncIterator[list[RawEntry]]:
        """Claims and counts the entries of the piece that still exist, until the body ends. With `force` also
        those that are not pending."""
        count = TOGETHER if len(piece) > 1 else max(TOGETHER, piece[0].times) + 1
        positions = [one.position for one in piece]
        entries = await self._claim(positions, count, force=force)
        living = asyncio.create_task(self._note_living(positions))
        try:
            yield entries
        except BaseException:
            await self._take_back(positions)
            raise
        finally:
            await tasks.end([living])

    async def _claim(self, positions: list[bytes], count: int, *, force: bool) -> list[RawEntry]:
        entries: list[RawEntry] = []
        page_size = PageSize(AT_ONCE)
        start = 0
        while start < len(positions):
            page = positions[start : start + page_size.entries]
            found = await self._client.xclaim(
                self._source.stream, self._source.group, self._name, 0, page, retrycount=count, force=force
            )
            page_size.note(len(found), bytes_of(found))
            entries += found
            start += len(page)
        return entries

    async def _note_living(self, positions: list[bytes]) -> None:
        await asyncio.sleep(self._lives_seconds)
        await self._take_back(positions)

    async def _take_back(self, positions: list[bytes]) -> None:
        """If the log cannot be told, one delivery counts too many."""
        with suppress(*AWAY):
            for start in range(0, len(positions), AT_ONCE):
                some = positions[start : start + AT_ONCE]
                await self._client.xclaim(
                    self._source.stream, self._source.group, self._name, 0, some, retrycount=READ, justid=True
                )
