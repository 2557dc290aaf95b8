"""Files as one part of a node."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from relay.admission.limits import Limits
from relay.database import Database
from relay.files.transfers import Transfers
from relay.files.uploads import Uploads
from relay.identity.directory import Directory
from schema.blobs import BlobStore
from schema.settings import BadSetting, Settings
from schema.storage import Storage, StoreAway


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
        limits: Limits,
        now: Callable[[], int],
    ) -> Self | None:
        """None where the operator wants no files. Connects to nothing. Raises BadSetting."""
        if settings.blobs is None:
            return None
        try:
            store = BlobStore(Storage.open(settings.blobs))
        except StoreAway as error:
            raise BadSetting(f"SEALSTREAM_BLOBS cannot be used: {error}") from error
        uploads = Uploads(store, database, waiting_database, directory, limits, settings, now)
        return cls(store, uploads, Transfers())
