"""The files' storage against the log: what was stored and not erased is there, whole; nothing else is.

The log says that a file is erased before the storage loses it, and a row names an upload before the storage
has anything of it. So the storage is looked at after both were read, and what seems wrong is looked at again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final
from uuid import UUID

from schema.blobs import MANIFEST, BlobStore, Found
from schema.settings import BadSetting, Settings
from schema.storage import Storage, StoreAway, is_there
from workers.replay.fold import Fold
from workers.replay.people import Kept
from workers.replay.violations import Violation

AT_ONCE: Final = 16
"""Manifests that are read at the same time."""
SELECT_ALL: Final = "SELECT blob FROM blobs"
COUNT_STORED: Final = "SELECT count(*) FROM blobs WHERE stored_at IS NOT NULL AND NOT erasing"

Stored = tuple[Fold, UUID, bytes, Kept]
"""A file that must be there, and whose it is."""


class FilesAway(Exception):
    """The storage does not answer; the text says how."""


async def open_blobs(settings: Settings, database: Any) -> BlobStore | None:
    """Where files lie; None: there are none. It writes nothing. Raises BadSetting, FilesAway."""
    if settings.blobs is None:
        return None
    if not await is_there(settings.blobs):
        (count,) = await (await database.execute(COUNT_STORED)).fetchone()
        if count:
            raise BadSetting(
                f"SEALSTREAM_BLOBS: there is no {settings.blobs}, and by the database {count:,} files are "
                "stored: name the place that the nodes write to, or `off` to audit without it"
            )
        return None
    try:
        return BlobStore(await asyncio.to_thread(Storage.open, settings.blobs))
    except StoreAway as error:
        raise FilesAway(str(error)) from error


async def compare_storage(
    store: BlobStore | None,
    folds: dict[int, Fold],
    database: Any,
    fold_on: Callable[[int], Awaitable[None]],
    user: UUID | None,
) -> AsyncIterator[Violation]:
    """Violations by the storage, if there is one. `fold_on` folds a partition as far as its log is by then.
    Strays belong to no partition, and are named with partition 0. Raises FilesAway."""
    if store is None:
        return
    try:
        if user is None:
            listed = await store.listed()
        else:
            listed = {
                blob: await store.find(blob) or Found() for _, _, blob, _ in _stored(folds.values(), user)
            }
        suspects = [found async for found in _suspects(store, listed, folds, user)]
        for partition in {one[0].partition for one, _ in suspects}:
            await fold_on(partition)
        for (fold, whose, blob, kept), text in suspects:
            state = fold.users.get(whose.int)
            if state is not None and state.blobs.get(blob) == kept:  # else it was erased meanwhile
                words = f"the file {blob.hex()} {text}"
                yield Violation(kind="blob missing", text=words, partition=fold.partition, user=whose)
        if user is None and 0 in folds:
            async for blob in _strays(store, listed, folds, database):
                words = f"{blob.hex()} lies in the storage; neither log nor database knows of it"
                yield Violation(kind="blob orphan", text=words)
    except StoreAway as error:
        raise FilesAway(str(error)) from error


def _stored(folds: Iterable[Fold], user: UUID | None) -> Iterator[Stored]:
    for fold in folds:
        for state in fold.users.values():
            if user in (None, state.user):
                for blob, kept in state.blobs.items():
                    yield fold, state.user, blob, kept


async def _suspects(
    store: BlobStore, listed: dict[bytes, Found], folds: dict[int, Fold], user: UUID | None
) -> AsyncIterator[tuple[Stored, str]]:
    everything = _stored(folds.values(), user)
    while some := list(islice(everything, AT_ONCE)):
        texts = await asyncio.gather(
            *(_fault(store, listed.get(blob), blob, kept) for _, _, blob, kept in some)
        )
        for one, text in zip(some, texts, strict=True):
            if text is not None:
                yield one, text


async def _fault(store: BlobStore, found: Found | None, blob: bytes, kept: Kept) -> str | None:
    if found is None or not found.sizes:
        return "is not in the storage"
    manifest = await store.manifest(blob) if MANIFEST in found.sizes else None
    if manifest is None:
        return "has no manifest"
    if (manifest.size, manifest.digest) != (kept.size, kept.digest):
        return f"is another: {manifest.size:,} bytes, in the log {kept.size:,}"
    for part in manifest.parts:
        if found.sizes.get(part.name) != part.size:
            has = found.sizes.get(part.name, 0)
            return f"has {has:,} of {part.size:,} bytes from {part.begin:,} on"
    held = sum(part.size for part in manifest.parts)
    return None if held == kept.size else f"has {held:,} of {kept.size:,} bytes"


async def _strays(
    store: BlobStore, listed: dict[bytes, Found], folds: dict[int, Fold], database: Any
) -> AsyncIterator[bytes]:
    named = {blob for _, _, blob, _ in _stored(folds.values(), None)}
    async with database.transaction(), database.cursor(name="replay_blobs", binary=True) as cursor:
        await cursor.execute(SELECT_ALL)
        async for (blob,) in cursor:
            named.add(bytes(blob))
    for blob in sorted(listed.keys() - named):
        if await store.find(blob) is not None:
            yield blob
