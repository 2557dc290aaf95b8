"""Files as one service of a node, and how many transfers it carries at once: each holds a piece in memory."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Final, Self

from relay.admission.admission import Admission
from relay.database import Database
from relay.files.uploads import Uploads
from relay.identity.directory import Directory
from schema.blobs import BlobStore
from schema.refusals import Refusal
from schema.settings import BadSetting, Settings
from schema.storage import Storage, StoreAway

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
                taken += Counter()  # drops subjects without transfers


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


@dataclass(frozen=True)
class Files:
    """The storage, what writes into it, and how much of both goes on at once."""

    store: BlobStore
    uploads: Uploads
    transfers: Transfers

    @classmethod
    def open(
        cls,
        settings: Settings,
        database: Database,
        waiting_database: Database,
        directory: Directory,
        admission: Admission,
        now: Callable[[], int],
    ) -> Self | None:
        """None where the operator wants no files. Connects to nothing. Raises BadSetting."""
        if settings.blobs is None:
            return None
        try:
            store = BlobStore(Storage.open(settings.blobs))
        except StoreAway as error:
            raise BadSetting(f"SEALSTREAM_BLOBS cannot be used: {error}") from error
        uploads = Uploads(store, database, waiting_database, directory, admission, settings, now)
        return cls(store, uploads, Transfers())
