"""News of the link mailboxes: a stream of the board names each one that is written, and every node reads it.

Invariant: a call that waits reads its mailbox after it joined, with each entry that names the mailbox, and
every few seconds besides: a lost entry costs seconds, never the letter. One connection of the node reads the
stream, and only while a call waits.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog

from schema import keys, tasks
from schema.failures import AWAY

log = structlog.get_logger(__name__)

KEPT: Final = 1_000
"""Entries, about: a reader that is further behind finds its letters by looking."""
BLOCK_MS: Final = 2_000
AWAY_SECONDS: Final = 1.0
"""Between attempts to read while the board is away."""
_LINK: Final = b"link"


async def tell(board: Any, link: str) -> None:
    """The mailbox was written. The letter stands, whether its news comes through or not."""
    try:
        await board.xadd(keys.LINK_NEWS, {_LINK: link}, maxlen=KEPT, approximate=True)
    except AWAY as error:
        log.warning("link_news_lost", reason=type(error).__name__)


class LinkNews:
    """Wakes the calls of one node that wait for letters."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[asyncio.Event]] = {}
        self._reader: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def of(self, board: Any, link: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set when the mailbox may have another letter."""
        written = asyncio.Event()
        self._waiting.setdefault(link, []).append(written)
        if self._reader is None:
            self._reader = asyncio.create_task(self._read(board), name="link-news")
        try:
            yield written
        finally:
            self._waiting[link].remove(written)
            if not self._waiting[link]:
                del self._waiting[link]
            if not self._waiting and self._reader is not None:
                reader, self._reader = self._reader, None
                await tasks.end([reader])

    async def _read(self, board: Any) -> None:
        """Until cancelled."""
        while True:
            try:
                newest = await board.xrevrange(keys.LINK_NEWS, count=1)
                position = newest[0][0] if newest else b"0"
                # What was written before this position is found by looking.
                self._wake(*self._waiting)
                while True:
                    reply = await board.xread({keys.LINK_NEWS: position}, count=KEPT, block=BLOCK_MS)
                    entries = _entries(reply)
                    self._wake(*(entry[_LINK].decode() for _, entry in entries))
                    position = entries[-1][0] if entries else position
            except AWAY as error:
                log.warning("link_news_unread", reason=type(error).__name__)
                await asyncio.sleep(AWAY_SECONDS)

    def _wake(self, *links: str) -> None:
        for link in links:
            for written in self._waiting.get(link, ()):
                written.set()


def _entries(reply: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    return reply[0][1] if reply else []
