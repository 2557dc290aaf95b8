"""Blobs: what has had its time leaves the storage.

Invariant: the log says that a blob is given up before the storage loses it, and its row goes last, once the
projection has heard of it: so the audit can tell a lost blob from an erased one, and a worker that dies in
between leaves its work to the next. An upload that was never whole goes without a word in the log; its row
says first that it never will be, so that no node finishes it while its parts are removed.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple
from uuid import UUID

import structlog

from schema import codec, keys
from schema.blobs import BlobStore
from schema.events import BlobErased
from schema.partitions import partition_of
from schema.settings import BadSetting, Settings
from schema.storage import Storage, StoreAway
from workers import metrics

log = structlog.get_logger(__name__)

AT_ONCE: Final = 500
MOST_FAILURES: Final = 3
"""Of one round: so many objects that the storage holds on to keep no other waiting; then it is away."""
DAY_MS: Final = 24 * 3_600_000
STRAY_MS: Final = DAY_MS
"""How much longer than a blob's life something that nobody knows of is left alone: the log of a relay that
was restored may name it yet."""

SELECT_OVERDUE: Final = """
    SELECT blob, user_id, size, coalesce(digest, ''), finished_at IS NOT NULL OR stored_at IS NOT NULL
      FROM blobs
     WHERE blob > %(after)s AND expires_at <= %(now)s AND erased_at IS NULL
       AND (NOT erasing OR finished_at IS NULL AND stored_at IS NULL)
     ORDER BY blob
     LIMIT %(most)s
"""
SET_ERASING: Final = "UPDATE blobs SET erasing = true WHERE blob = %s"
GIVE_UP_UNFINISHED: Final = """
    UPDATE blobs SET erasing = true
     WHERE blob = %(blob)s AND expires_at <= %(now)s AND finished_at IS NULL AND stored_at IS NULL
"""
DELETE_UNFINISHED: Final = "DELETE FROM blobs WHERE blob = %s AND finished_at IS NULL AND stored_at IS NULL"
SELECT_ERASED: Final = """
    SELECT blob FROM blobs WHERE blob > %(after)s AND erased_at IS NOT NULL ORDER BY blob LIMIT %(most)s
"""
DELETE: Final = "DELETE FROM blobs WHERE blob = %s AND erased_at IS NOT NULL"
SELECT_KNOWN: Final = "SELECT blob FROM blobs WHERE blob = ANY(%s)"


class Overdue(NamedTuple):
    """A blob that has had its time; `is_whole`: the log says, or may say, that it was stored."""

    blob: bytes
    user: UUID
    size: int
    digest: bytes
    is_whole: bool


class _Failed:
    """The failures of one round."""

    def __init__(self) -> None:
        self.errors: list[StoreAway] = []

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Keeps a failure until the end of the round. Raises StoreAway when there are MOST_FAILURES."""
        try:
            yield
        except StoreAway as error:
            self.errors.append(error)
            if len(self.errors) >= MOST_FAILURES:
                raise


async def begin_blobs(settings: Settings) -> BlobStore | None:
    """Where files lie; None: the relay takes none. Raises BadSetting."""
    if settings.blobs is None:
        return None
    try:
        return BlobStore(await asyncio.to_thread(Storage.open, settings.blobs))
    except StoreAway as error:
        raise BadSetting(f"SEALSTREAM_BLOBS cannot be used: {error}") from error


async def expire_blobs(database: Any, log_client: Any, partitions: int, store: BlobStore, *, now: int) -> int:
    """Gives up what is over its time (`now` in ms), and clears what was given up; how many blobs went.
    Raises StoreAway, at the end where only few could not be removed."""
    count, failed = 0, _Failed()
    async for row in _pages(database, SELECT_OVERDUE, now):
        with failed.counted():
            await _give_up(database, log_client, partitions, store, Overdue(*row), now)
            count += 1
    async for row in _pages(database, SELECT_ERASED, now):
        with failed.counted():
            await store.remove(row[0])
            await _write(database, DELETE, row[0])
    if count:
        metrics.BLOBS_EXPIRED.inc(count)
        log.info("blobs_expired", count=count)
    if failed.errors:
        raise failed.errors[0]
    return count


async def clear_strays(database: Any, board: Any, store: BlobStore, *, now: int, life_ms: int) -> int:
    """Once a day, removes what no row names and is older than any blob may be; how many. Raises StoreAway."""
    if not await board.set(keys.STRAYS_CLEARED, "1", nx=True, px=DAY_MS):
        return 0
    before = now - life_ms - STRAY_MS
    old = [blob for blob, found in (await store.listed()).items() if found.modified_at < before]
    known = {blob for (blob,) in await _rows(database, SELECT_KNOWN, (old,))} if old else set()
    strays = [blob for blob in old if blob not in known]
    for blob in strays:
        await store.remove(blob)
    if strays:
        log.warning("stray_blobs_removed", count=len(strays))
    return len(strays)


async def _give_up(
    database: Any, log_client: Any, partitions: int, store: BlobStore, row: Overdue, now: int
) -> None:
    if not row.is_whole:
        async with database.connection() as connection:
            given_up = await connection.execute(GIVE_UP_UNFINISHED, {"blob": row.blob, "now": now})
        if given_up.rowcount:  # else it became whole in the meantime
            await store.remove(row.blob)
            await _write(database, DELETE_UNFINISHED, row.blob)
        return
    event = BlobErased(user=row.user, device=0, at=now, blob=row.blob, digest=row.digest, size=row.size)
    await log_client.xadd(
        keys.log(partition_of(row.user, partitions)), {codec.EVENT_FIELD: codec.encode(event)}
    )
    await _write(database, SET_ERASING, row.blob)
    await store.remove(row.blob)


async def _pages(database: Any, statement: str, now: int) -> AsyncIterator[tuple[Any, ...]]:
    """The rows, in bounded pages by their key: what cannot go keeps none of the others waiting."""
    after = b""
    while page := await _rows(database, statement, {"after": after, "now": now, "most": AT_ONCE}):
        for row in page:
            yield row
        after = page[-1][0]


async def _rows(database: Any, statement: str, values: Any) -> list[tuple[Any, ...]]:
    async with database.connection() as connection:
        rows: list[tuple[Any, ...]] = await (await connection.execute(statement, values)).fetchall()
        return rows


async def _write(database: Any, statement: str, blob: bytes) -> None:
    async with database.connection() as connection:
        await connection.execute(statement, (blob,))
