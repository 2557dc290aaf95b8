"""Where segments lie: a directory, or S3-compatible storage (obstore).

Invariant: `put_new` never replaces an object, so two writers cannot both write a segment of one number. Every
failure of the storage is a StoreAway, which is an OSError: the callers wait and try again.

| name | holds |
|---|---|
| `PPPP/NNNNNNNNNNNN.segment` | segment N of partition P (`workers.archive.segment`) |
| `PPPP/NNNNNNNNNNNN.bodies` | its ciphertexts, where the operator keeps them (`workers.archive.bodies`) |
| `PPPP/floor` | with which segment the partition's archive begins (`workers.archive.floor`) |
"""

import asyncio
import os
import re
from collections.abc import Awaitable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import obstore
import structlog
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError, NotSupportedError
from obstore.store import LocalStore, MemoryStore, S3Store

from workers.archive import local

log = structlog.get_logger(__name__)
T = TypeVar("T")

_STATUS: Final = re.compile(r"status code: (\d{3}[ \w]*)")
_CODE: Final = re.compile(r"<Code>(\w{1,64})</Code>")

SEGMENT: Final = ".segment"
BODIES: Final = ".bodies"
DIGITS: Final = 12
BEHIND: Final = "z"
"""Sorts after every suffix. No `~`: not all storages take it for the same in a signature."""
CALL_SECONDS: Final = 20
"""After so long a call to S3-compatible storage has failed."""
RETRY: Final = {"max_retries": 3, "retry_timeout": timedelta(seconds=CALL_SECONDS)}


class StoreAway(OSError):
    """The storage did not do as it was asked; its text names the kind of failure, no secret, no address."""


class NotThere(Exception):
    """There is no object of that name."""


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


class Store:
    """Objects by name. `root` is the directory, where it is one."""

    def __init__(self, store: Any, root: Path | None = None) -> None:
        self._store = store
        self.root = root
        self._is_conditional = True

    @classmethod
    def open(cls, place: str) -> "Store":
        """The store at a directory (made where it is missing) or an URL; credentials come from the usual AWS_
        variables. Connects to nothing. Raises StoreAway when it cannot be one."""
        try:
            if place.startswith("memory://"):
                return cls(MemoryStore())
            if "://" in place:
                # Options given here replace what obstore would read of the client from the environment.
                plain = os.environ.get("AWS_ALLOW_HTTP", "").lower() == "true"
                options = {"timeout": timedelta(seconds=CALL_SECONDS), "allow_http": plain}
                return cls(S3Store.from_url(place, client_options=options, retry_config=RETRY))  # type: ignore[arg-type]
            root = Path(place)
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            return cls(LocalStore(root), root)
        except (BaseError, OSError, ValueError) as error:
            raise StoreAway(_words(error)) from error

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
            raise StoreAway(_words(error)) from error
        return sorted(found)

    async def read(self, name: str) -> bytes:
        """The whole object. Raises NotThere."""
        reply = await self._done(obstore.get_async(self._store, name))
        return bytes(await self._done(reply.bytes_async()))

    async def read_start(self, name: str, length: int) -> bytes:
        """The object's first bytes. Raises NotThere."""
        if self.root is not None:
            return await self._done(asyncio.to_thread(_start, self.root / name, length))
        return bytes(await self._done(obstore.get_range_async(self._store, name, start=0, length=length)))

    async def put_new(self, name: str, data: bytes) -> bool:
        """Writes an object that is not there yet; False when it is."""
        if self.root is not None:
            return await self._done(asyncio.to_thread(local.write_new, self.root / name, data))
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
            raise StoreAway(_words(error)) from error
        return True

    async def put(self, name: str, data: bytes) -> None:
        """Writes an object, or replaces it."""
        if self.root is not None:
            await self._done(asyncio.to_thread(local.replace, self.root / name, data))
            return
        try:
            await self._done(obstore.put_async(self._store, name, data, use_multipart=False))
        except NotThere as error:  # the bucket
            raise StoreAway(_words(error.__cause__ or error)) from error

    async def remove(self, names: list[str]) -> None:
        """Removes the objects that are there."""
        for name in names:
            try:
                await self._done(obstore.delete_async(self._store, name))
            except NotThere:
                continue

    async def _put_if_unseen(self, name: str, data: bytes) -> bool:
        """For storage without conditional writes: only the lease keeps two writers apart."""
        try:
            await self._done(obstore.head_async(self._store, name))
            return False
        except NotThere:
            await self.put(name, data)
            return True

    async def _done(self, call: Awaitable[T]) -> T:
        try:
            return await call
        except (NotFoundError, FileNotFoundError) as error:
            raise NotThere from error
        except (BaseError, OSError) as error:
            raise StoreAway(_words(error)) from error


def _words(error: BaseException) -> str:
    """The storage's own status and code where it answered."""
    text = str(error)
    if status := _STATUS.search(text):
        code = _CODE.search(text)
        return f"{status[1].strip()}: {code[1]}" if code else status[1].strip()
    return "no connection" if "HTTP error" in text else type(error).__name__


async def is_there(place: str) -> bool:
    """Whether a directory exists; storage behind an URL always may."""
    return "://" in place or await asyncio.to_thread(Path(place).is_dir)


def _is_numbered(name: str, suffix: str) -> bool:
    return name.endswith(suffix) and name[:DIGITS].isdigit() and len(name) == DIGITS + len(suffix)


def _start(path: Path, length: int) -> bytes:
    with path.open("rb") as file:
        return file.read(length)
