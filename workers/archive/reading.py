"""Reading the log for the archive: pages of about a megabyte, so that the log serves others in between."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from schema import keys, servers
from schema.positions import START, Position
from workers.archive.rows import RawEntry
from workers.page_size import PageSize, bytes_of

MOST_ENTRIES: Final = 256
"""Of one page: of the largest they are 16 MiB, which a log of 64 MiB can bear above half."""


async def pages(
    log_client: Any, partition: int, after: Position, before: Position
) -> AsyncIterator[list[RawEntry]]:
    """The partition's entries in (`after`, `before`), in order."""
    # redis-py does not unpack the reply to a command whose name is in bytes, which is a third of the time.
    command: Any = "XRANGE" if isinstance(log_client, servers.Cluster) else b"XRANGE"
    name, end, page_size = keys.log(partition), f"({before}", PageSize(MOST_ENTRIES)

    def ask(since: Position) -> "asyncio.Future[Any]":
        words = (command, name, f"({since}", end, "COUNT", page_size.entries)
        asked: asyncio.Future[Any] = asyncio.ensure_future(log_client.execute_command(*words))
        return asked

    asked = ask(after)
    try:
        while rows := await asked:
            page: list[RawEntry] = [(Position.parse(text), _fields(fields)) for text, fields in rows]
            is_last = len(page) < page_size.entries
            if not is_last:  # the next page comes while this one is worked on
                page_size.note(len(page), bytes_of(page))
                asked = ask(page[-1][0])
            yield page
            if is_last:
                return
    finally:
        asked.cancel()


async def removed(log_client: Any, partition: int) -> int:
    """How many entries ever left the partition's log, trimmed or erased."""
    info = await log_client.xinfo_stream(keys.log(partition))
    return int(info["entries-added"]) - int(info["length"])


async def before_first(log_client: Any, partition: int) -> Position:
    """The last position before the log's first entry."""
    rows = await log_client.xrange(keys.log(partition), count=1)
    if not rows:
        info = await log_client.xinfo_stream(keys.log(partition))
        return Position.parse(info["last-generated-id"])
    first = Position.parse(rows[0][0])
    if first.n:
        return Position(first.ms, first.n - 1)
    return Position(first.ms - 1, 2**64 - 1) if first.ms else START


def _fields(fields: Any) -> dict[bytes, bytes]:
    if isinstance(fields, dict):
        return fields
    return dict(zip(fields[::2], fields[1::2], strict=True))
