"""How many transfers a node carries at once: each holds a piece of a file in memory."""

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from schema.refusals import Refusal

UPLOADS: Final = 32
UPLOADS_PER_USER: Final = 4
UPLOADS_PER_ADDRESS: Final = 16
"""An upload may be slow for hours: no one person's accounts take all places."""
DOWNLOADS: Final = 128
DOWNLOADS_PER_ADDRESS: Final = 32
"""Readers are not known by name. A slow one takes few of all places."""


class _Places:
    """Those of one kind: `most`, and so many for each subject of `shares` (in the order of `reserve`)."""

    def __init__(self, what: str, most: int, *shares: int) -> None:
        self._what = what
        self._most = most
        self._shares = [(share, Counter[str]()) for share in shares]
        self._taken = 0

    @contextmanager
    def reserve(self, *subjects: str) -> Iterator[None]:
        """One place. Raises Refusal rate_limited or unavailable."""
        mine = list(zip(subjects, self._shares, strict=True))
        for subject, (share, taken) in mine:
            if taken[subject] >= share:
                raise Refusal("rate_limited", f"At most {share} {self._what} at once.", retry_after_ms=1000)
        if self._taken >= self._most:
            raise Refusal("unavailable", f"Too many {self._what} are under way.", retry_after_ms=1000)
        self._taken += 1
        for subject, (_, taken) in mine:
            taken[subject] += 1
        try:
            yield
        finally:
            self._taken -= 1
            for subject, (_, taken) in mine:
                taken[subject] -= 1
                taken += Counter()  # forgets whoever has none


class Transfers:
    """Those under way on one node."""

    def __init__(self) -> None:
        self._uploads = _Places("uploads", UPLOADS, UPLOADS_PER_USER, UPLOADS_PER_ADDRESS)
        self._downloads = _Places("downloads", DOWNLOADS, DOWNLOADS_PER_ADDRESS)

    def upload(self, user: str, address: str) -> AbstractContextManager[None]:
        """One upload of that user from that address. Raises Refusal rate_limited or unavailable."""
        return self._uploads.reserve(user, address)

    def download(self, address: str) -> AbstractContextManager[None]:
        """One download to that address. Raises Refusal rate_limited or unavailable."""
        return self._downloads.reserve(address)
