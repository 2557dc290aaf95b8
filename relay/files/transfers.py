"""How many transfers a node carries at once: each holds a piece of a file in memory."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from schema.refusals import Refusal

UPLOADS: Final = 32
UPLOADS_PER_USER: Final = 4
DOWNLOADS: Final = 128


class Transfers:
    """Those under way on one node."""

    def __init__(self) -> None:
        self._uploads: Counter[str] = Counter()
        self._downloads = 0

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
    def download(self) -> Iterator[None]:
        """One download. Raises Refusal unavailable."""
        if self._downloads >= DOWNLOADS:
            raise Refusal("unavailable", "Too many downloads are under way.", retry_after_ms=1000)
        self._downloads += 1
        try:
            yield
        finally:
            self._downloads -= 1
