"""How many transfers a node carries at once: each holds a piece of a file in memory."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from schema.refusals import Refusal

UPLOADS: Final = 32
UPLOADS_PER_USER: Final = 4
DOWNLOADS: Final = 128
DOWNLOADS_PER_ADDRESS: Final = 32
"""Whoever reads is not known; a reader that takes its time keeps only few others out."""


class Transfers:
    """Those under way on one node."""

    def __init__(self) -> None:
        self._uploads: Counter[str] = Counter()
        self._downloads: Counter[str] = Counter()

    @contextmanager
    def upload(self, user: str) -> Iterator[None]:
        """One upload of that user. Raises Refusal rate_limited or unavailable."""
        if self._uploads[user] >= UPLOADS_PER_USER:
            words = f"At most {UPLOADS_PER_USER} uploads at once."
            raise Refusal("rate_limited", words, retry_after_ms=1000)
        if self._uploads.total() >= UPLOADS:
            raise Refusal("unavailable", "Too many uploads are under way.", retry_after_ms=1000)
        self._uploads[user] += 1
        try:
            yield
        finally:
            self._uploads[user] -= 1
            self._uploads += Counter()  # forgets whoever has none

    @contextmanager
    def download(self, address: str) -> Iterator[None]:
        """One download to that address. Raises Refusal rate_limited or unavailable."""
        if self._downloads[address] >= DOWNLOADS_PER_ADDRESS:
            words = f"At most {DOWNLOADS_PER_ADDRESS} downloads at once."
            raise Refusal("rate_limited", words, retry_after_ms=1000)
        if self._downloads.total() >= DOWNLOADS:
            raise Refusal("unavailable", "Too many downloads are under way.", retry_after_ms=1000)
        self._downloads[address] += 1
        try:
            yield
        finally:
            self._downloads[address] -= 1
            self._downloads += Counter()
