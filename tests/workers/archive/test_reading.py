"""Pages for the archive: whole, in order, and bounded in bytes, as the log holds each reply in its memory."""

from typing import Any

from schema import keys
from schema.positions import START, Position
from workers.archive.reading import MOST_ENTRIES, pages
from workers.page_size import FIRST, PAGE_BYTES, bytes_of

END = Position(10**9, 0)
LARGE = bytes(32 * 1024)


async def test_a_page_of_large_entries_is_bounded_in_bytes(log: Any) -> None:
    async with log.pipeline(transaction=False) as piece:
        for number in range(1, 201):
            piece.xadd(keys.log(0), {"e": LARGE}, id=f"{number}-0")
        await piece.execute()
    found = [page async for page in pages(log, 0, START, END)]
    assert [position.ms for page in found for position, _ in page] == list(range(1, 201))
    first, *further = [bytes_of(page) for page in found]
    assert first <= FIRST * len(LARGE)
    assert max(further) <= PAGE_BYTES


async def test_pages_of_small_entries_grow_to_the_bound(log: Any) -> None:
    async with log.pipeline(transaction=False) as piece:
        for number in range(1, 801):
            piece.xadd(keys.log(0), {"e": b"small"}, id=f"{number}-0")
        await piece.execute()
    found = [len(page) async for page in pages(log, 0, START, END)]
    assert sum(found) == 800
    assert found[:3] == [FIRST, MOST_ENTRIES, MOST_ENTRIES]
