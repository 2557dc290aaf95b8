"""How many entries to ask the log for at once.

A reply is memory of the log's until it was sent, beside the entries themselves. A page of 1,500 entries can
have 90 MB: in a small log that alone ends accepting.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

LEAST: Final = 16
FIRST: Final = 64
"""Four megabytes, if all are as large as entries can be."""
GROWTH: Final = 4
PAGE_BYTES: Final = 1024 * 1024


class PageSize:
    """`entries` to ask for next: about PAGE_BYTES by the last page's mean, LEAST and `most` at the bounds.
    It grows by GROWTH at a time: large entries may follow small ones."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.entries = min(most, FIRST)

    def note(self, entries: int, size: int) -> None:
        """A page had so many entries, of `size` bytes in all."""
        if entries:
            fitting = PAGE_BYTES * entries // max(size, 1)
            self.entries = min(self._most, max(LEAST, min(fitting, GROWTH * self.entries)))


def bytes_of(entries: Iterable[tuple[Any, Mapping[bytes, bytes]]]) -> int:
    """The bytes of the entries' values."""
    return sum(len(value) for _, fields in entries for value in fields.values())
