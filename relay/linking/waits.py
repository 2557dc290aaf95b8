"""How many calls wait at link mailboxes of one node: each holds a connection, and keeps asking the board."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from schema.refusals import Refusal

PER_LINK: Final = 4
"""Two devices, each once more after a cut."""
OF_NODE: Final = 512


class Waits:
    """Those of one node."""

    def __init__(self) -> None:
        self._by_link: Counter[str] = Counter()

    @contextmanager
    def at(self, link: str) -> Iterator[None]:
        """One call waits there. Raises Refusal rate_limited or unavailable."""
        if self._by_link[link] >= PER_LINK:
            raise Refusal("rate_limited", f"At most {PER_LINK} calls wait at a link.", retry_after_ms=1000)
        if self._by_link.total() >= OF_NODE:
            raise Refusal("unavailable", "Too many calls wait at links.", retry_after_ms=1000)
        self._by_link[link] += 1
        try:
            yield
        finally:
            self._by_link[link] -= 1
            self._by_link += Counter()  # forgets links at which nobody waits
