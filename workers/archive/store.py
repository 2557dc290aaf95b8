"""Where segments lie: a directory, or S3-compatible storage (`schema.storage`).

Invariant: `put_new` never replaces an object, so two writers cannot both write a segment of one number.

| name | holds |
|---|---|
| `PPPP/NNNNNNNNNNNN.segment` | segment N of partition P (`workers.archive.segment`) |
| `PPPP/NNNNNNNNNNNN.bodies` | its ciphertexts, where the operator keeps them (`workers.archive.bodies`) |
| `PPPP/floor` | with which segment the partition's archive begins (`workers.archive.floor`) |
"""

import asyncio
from pathlib import Path
from typing import Any, Final

import obstore
import structlog
from obstore.exceptions import AlreadyExistsError, BaseError, NotSupportedError

from schema import whole_file
from schema.storage import NotThere, Storage, StoreAway, is_there, words

__all__ = ["NotThere", "Store", "StoreAway", "is_there"]

log = structlog.get_logger(__name__)

SEGMENT: Final = ".segment"
BODIES: Final = ".bodies"
DIGITS: Final = 12
BEHIND: Final = "z"
"""Sorts after every suffix. No `~`: not all storages take it for the same in a signature."""


def folder(partition: int) -> str:
    """Of a partition."""
    return f"{partition:04}"


def segment_name(partition: int, number: int) -> str:
    """Of a segment."""
    return f"{folder(partition)}/{number:0{DIGITS}}{SEGMENT}"


def bodies_name(partition: int, number: int) -> str:
    """Of the ciphertexts of a segment."""
    return f"{folder(partition)}/{number:0{DIGITS}}{BODIES}"


def floor_name(partition: int) -> str:
    """Of the manifest that says where a partition's archive begins."""
    return f"{folder(partition)}/floor"


class Store(Storage):
    """The objects of an archive."""

    def __init__(self, store: Any, root: Path | None = None) -> None:
        super().__init__(store, root)
        self._is_conditional = True

    async def numbers(self, partition: int, suffix: str = SEGMENT, after: int = 0) -> list[int]:
        """The numbers of the partition's objects with that suffix, above `after`, in order."""
        offset = f"{folder(partition)}/{after:0{DIGITS}}{BEHIND}"
        stream = obstore.list(self._store, folder(partition), offset=offset if after else None)
        found: list[int] = []
        try:
            async for batch in stream:
                names = (meta["path"].rpartition("/")[2] for meta in batch)
                found += [int(name[:DIGITS]) for name in names if _is_numbered(name, suffix)]
        except FileNotFoundError:
            return []
        except (BaseError, OSError) as error:
            raise StoreAway(words(error)) from error
        return sorted(found)

    async def read_start(self, name: str, length: int) -> bytes:
        """The object's first bytes. Raises NotThere."""
        return await self.read_range(name, 0, length)

    async def put_new(self, name: str, data: bytes) -> bool:
        """Writes an object that is not there yet; False when it is."""
        if self.root is not None:
            return await self._done(asyncio.to_thread(whole_file.write_new, self.root / name, data))
        if not self._is_conditional:
            return await self._put_if_unseen(name, data)
        try:
            await obstore.put_async(self._store, name, data, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return False
        except NotSupportedError:
            log.warning("archive_without_conditional_put")
            self._is_conditional = False
            return await self._put_if_unseen(name, data)
        except (BaseError, OSError) as error:
            raise StoreAway(words(error)) from error
        return True

    async def _put_if_unseen(self, name: str, data: bytes) -> bool:
        """For storage without conditional writes: only the lease keeps two writers apart."""
        try:
            await self._done(obstore.head_async(self._store, name))
            return False
        except NotThere:
            await self.put(name, data)
            return True


def _is_numbered(name: str, suffix: str) -> bool:
    return name.endswith(suffix) and name[:DIGITS].isdigit() and len(name) == DIGITS + len(suffix)
