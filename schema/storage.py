"""Objects by name: a directory, or S3-compatible storage (obstore).

Invariant: an object is there completely or not at all. Every failure of the storage is a StoreAway, which is
an OSError: the callers wait and try again.
"""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple, Self, TypeVar

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, MemoryStore, S3Store

from schema import whole_file

T = TypeVar("T")

_STATUS: Final = re.compile(r"status code: (\d{3}[ \w]*)")
_CODE: Final = re.compile(r"<Code>(\w{1,64})</Code>")

NO_BUCKET: Final = "NoSuchBucket"
CALL_SECONDS: Final = 20
"""After so long a call to S3-compatible storage has failed."""
RETRY: Final = {"max_retries": 3, "retry_timeout": timedelta(seconds=CALL_SECONDS)}


class StoreAway(OSError):
    """The storage did not do as it was asked; its text names the kind of failure, no secret, no address."""


class NotThere(Exception):
    """There is no object of that name."""


class Listed(NamedTuple):
    """An object of a list; `modified_at` in ms."""

    name: str
    size: int
    modified_at: int


class Storage:
    """Objects by name. `root` is the directory, where it is one."""

    def __init__(self, store: Any, root: Path | None = None) -> None:
        self._store = store
        self.root = root

    @classmethod
    def open(cls, place: str) -> Self:
        """The storage at a directory (made where it is missing) or an URL; credentials come from the usual
        AWS_ variables. Connects to nothing. Raises StoreAway when it cannot be one."""
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
            raise StoreAway(words(error)) from error

    async def listed(self, prefix: str | None = None) -> AsyncIterator[Listed]:
        """The objects in the folder `prefix`, or all of them."""
        stream = obstore.list(self._store, prefix)
        try:
            async for batch in stream:
                for meta in batch:
                    modified_at = int(meta["last_modified"].timestamp() * 1000)
                    yield Listed(meta["path"], meta["size"], modified_at)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise StoreAway(words(error)) from error

    async def read(self, name: str) -> bytes:
        """The whole object. Raises NotThere."""
        reply = await self._done(obstore.get_async(self._store, name))
        return bytes(await self._done(reply.bytes_async()))

    async def read_range(self, name: str, start: int, length: int) -> bytes:
        """At most `length` of the object's bytes, from `start`. Raises NotThere."""
        if self.root is not None:
            return await self._done(asyncio.to_thread(_range, self.root / name, start, length))
        return bytes(await self._done(obstore.get_range_async(self._store, name, start=start, length=length)))

    async def put(self, name: str, data: bytes) -> None:
        """Writes an object, or replaces it."""
        try:
            if self.root is not None:
                await self._done(asyncio.to_thread(whole_file.replace, self.root / name, data))
            else:
                await self._done(obstore.put_async(self._store, name, data, use_multipart=False))
        except NotThere as error:  # the bucket, or a folder that somebody removes just now
            raise StoreAway(words(error.__cause__ or error)) from error

    async def remove(self, names: list[str]) -> None:
        """Removes the objects that are there."""
        for name in names:
            try:
                await self._done(obstore.delete_async(self._store, name))
            except NotThere:
                continue

    async def remove_folder(self, folder: str) -> None:
        """Removes a folder of a directory, if it is empty but for drafts."""
        if self.root is not None:
            await self._done(asyncio.to_thread(whole_file.remove_folder, self.root / folder))

    async def check_place(self, error: NotThere | None = None) -> None:
        """Raises StoreAway when it is the directory or the bucket that is not there; an `error` of the bucket
        tells."""
        if self.root is not None:
            if not await asyncio.to_thread(self.root.is_dir):
                raise StoreAway("there is no such directory")
        elif error is not None and NO_BUCKET in str(error.__cause__):
            raise StoreAway("there is no such bucket")

    async def free_bytes(self) -> int | None:
        """Of the directory's disk; None for storage that does not tell."""
        if self.root is None:
            return None
        try:
            return (await asyncio.to_thread(shutil.disk_usage, self.root)).free
        except OSError as error:
            raise StoreAway(words(error)) from error

    async def _done(self, call: Awaitable[T]) -> T:
        try:
            return await call
        except (NotFoundError, FileNotFoundError) as error:
            raise NotThere from error
        except (BaseError, OSError) as error:
            raise StoreAway(words(error)) from error


def words(error: BaseException) -> str:
    """The storage's own status and code where it answered."""
    text = str(error)
    if status := _STATUS.search(text):
        code = _CODE.search(text)
        return f"{status[1].strip()}: {code[1]}" if code else status[1].strip()
    return "no connection" if "HTTP error" in text else type(error).__name__


async def is_there(place: str) -> bool:
    """Whether a directory exists; storage behind an URL always may."""
    return "://" in place or await asyncio.to_thread(Path(place).is_dir)


def _range(path: Path, start: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(length)
