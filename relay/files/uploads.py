"""Uploads: created, continued, recorded, given up; on whichever node.

Invariant: a byte that was counted is in the storage, and `BlobStored` is in the log before an upload is
answered as whole. Store, then count; decide, publish, then record: after a crash at any point the same call
finishes what was begun, and says the same again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from typing import Final

from relay import metrics
from relay.admission.limits import Limits
from relay.auth.tokens import Claims
from relay.database import Database, transaction
from relay.files import rows
from relay.files.rows import Row
from relay.identity import accounts
from relay.identity.directory import Directory
from schema.blobs import BlobStore, Manifest, blob_of, new_id, parts_of
from schema.events import BlobErased, BlobStored
from schema.limits import BLOBS, DISK_RESERVE_BYTES
from schema.refusals import Refusal, invalid
from schema.settings import Settings
from schema.storage import NotThere

UNFINISHED_SECONDS: Final = 24 * 3600
"""An upload that is not whole by then is given up."""
LEAST_PARTS: Final = 16
PART_PER_BYTES: Final = 32 * 1024
"""A blob may have LEAST_PARTS parts, and one more for so many of its bytes: each takes a block of the disk,
which the quota does not count."""
ROOM_AGAIN_MS: Final = 60_000
"""When to ask again for room on the disk."""


def most_parts(size: int) -> int:
    """Of a blob of that size: a client that sends it in crumbs is refused."""
    return LEAST_PARTS + size // PART_PER_BYTES


class Uploads:
    """The uploads into one storage. `now` gives ms."""

    def __init__(
        self,
        store: BlobStore,
        database: Database,
        waiting_database: Database,
        directory: Directory,
        limits: Limits,
        settings: Settings,
        now: Callable[[], int],
    ) -> None:
        self.most_bytes = settings.blob_bytes
        self._quota = settings.blob_quota_bytes
        self._life_ms = settings.blob_ttl_seconds * 1000
        self._store = store
        self._database = database
        self._waiting = waiting_database
        self._directory = directory
        self._limits = limits
        self._now = now

    async def create(self, claims: Claims, size: int) -> tuple[str, int]:
        """Room for a blob of that size: its id, and when an unfinished upload ends (ms).

        Raises Refusal too_large, storage_full, rate_limited, unavailable.
        """
        if size > self.most_bytes:
            raise Refusal("too_large", f"A file is at most {self.most_bytes} bytes.", limit=self.most_bytes)
        await self._check_room(size)
        await self._limits.admit(BLOBS, str(claims.user_id), user=claims.user_id)
        name, now = new_id(), self._now()
        expires = now + min(self._life_ms, UNFINISHED_SECONDS * 1000)
        async with transaction(self._database) as connection:
            if await accounts.lock(connection, claims.user_id) is None:
                raise Refusal("unauthorized", "The account is gone.")
            used = await rows.waiting_bytes(connection, claims.user_id)
            if used + size > self._quota:
                words = f"{used} of {self._quota} bytes are in use."
                raise Refusal("storage_full", words, used=used, limit=self._quota)
            values = {"blob": blob_of(name), "user": claims.user_id, "device": claims.device_id}
            await rows.create(connection, {**values, "size": size, "now": now, "expires": expires})
        return name, expires

    async def look(self, claims: Claims, name: str) -> Row:
        """Where an upload is. Raises Refusal not_found."""
        return await self._own(claims, name)

    async def receive(
        self, claims: Claims, name: str, offset: int, length: int, data: AsyncIterator[bytes]
    ) -> Row:
        """Continues an upload at `offset`: stores and counts every piece that `data` gives (PART_BYTES at
        most each), also when it raises in between. `length`: of all of them, where it is known, else 0.
        Raises Refusal not_found, offset_mismatch, too_large, unavailable."""
        row = await self._own(claims, name)
        if offset != row.received:
            raise Refusal("offset_mismatch", f"The upload is at {row.received}.", offset=row.received)
        if offset + length > row.size:
            raise Refusal("too_large", f"The upload has {row.size} bytes.")
        async for piece in data:
            if row.received + len(piece) > row.size:
                raise Refusal("too_large", f"The upload has {row.size} bytes.")
            if len(row.parts) >= most_parts(row.size):
                raise invalid("$", f"This file comes in at most {most_parts(row.size)} pieces.")
            await self._check_room(len(piece))
            row = await self._counted(row, piece)
        return await self.complete(claims, row) if row.received == row.size else row

    async def give_up(self, claims: Claims, name: str) -> None:
        """Forgets an upload, or erases a blob; it cannot be read any more. Raises Refusal not_found."""
        row = await self._own(claims, name)
        if row.finished_at is None and not row.recorded:
            async with transaction(self._database) as connection:
                is_given_up = await rows.give_up_unfinished(connection, row.blob)
            if is_given_up:
                await self._store.remove(row.blob)
                async with transaction(self._database) as connection:
                    await rows.delete_unfinished(connection, row.blob)
                return
            row = await self._own(claims, name)
        async with transaction(self._waiting) as connection:
            locked = await rows.find(connection, row.blob, claims.user_id, lock=True)
            if locked is None:
                raise _unknown()
            event = BlobErased(
                user=claims.user_id, device=claims.device_id, at=self._now(), blob=row.blob,
                digest=locked.digest or b"", size=row.size,
            )  # fmt: skip
            await self._directory.record(event)
            await rows.set_erasing(connection, row.blob)
        await self._store.remove(row.blob)

    async def _check_room(self, size: int) -> None:
        free = await self._store.storage.free_bytes()
        if free is not None and free - size < DISK_RESERVE_BYTES:
            words = "The relay's disk has no room for files."
            raise Refusal("unavailable", words, retry_after_ms=ROOM_AGAIN_MS)

    async def _own(self, claims: Claims, name: str) -> Row:
        blob = blob_of(name)
        if blob is None:
            raise _unknown()
        async with transaction(self._database) as connection:
            row = await rows.find(connection, blob, claims.user_id)
        if row is None or row.expires_at <= self._now():
            raise _unknown()
        return row

    async def _counted(self, row: Row, piece: bytes) -> Row:
        begin, end = row.received, row.received + len(piece)
        part = await self._store.put_part(row.blob, begin, piece)
        async with transaction(self._database) as connection:
            is_counted = await rows.advance(connection, row, part, begin, end)
        if not is_counted:
            await self._store.drop_part(row.blob, part)
            raise Refusal("offset_mismatch", "Another connection continued the upload.")
        metrics.BLOB_BYTES.labels("in").inc(len(piece))
        return row._replace(received=end, parts=[*row.parts, part])

    async def complete(self, claims: Claims, row: Row) -> Row:
        """Publishes and records an upload that has all its bytes; reads them back first. Raises Refusal
        not_found."""
        if row.recorded:
            return row
        if row.finished_at is None:
            digest = await self._digest(row)
            now = self._now()
            async with transaction(self._database) as connection:
                await rows.finish(connection, row, digest, now, now + self._life_ms)
                found = await rows.find(connection, row.blob, row.user_id)
            if found is None or found.finished_at is None or found.digest is None:
                raise _unknown()
            row = found
        assert row.finished_at is not None
        assert row.digest is not None
        manifest = Manifest(row.size, row.digest, row.expires_at, parts_of(row.parts, row.size))
        await self._store.publish(row.blob, manifest)
        await self._record(claims, row, row.finished_at, row.digest)
        return row._replace(recorded=True)

    async def _record(self, claims: Claims, row: Row, finished_at: int, digest: bytes) -> None:
        async with transaction(self._waiting) as connection:
            if await accounts.lock(connection, row.user_id) is None:
                raise Refusal("unauthorized", "The account is gone.")
            locked = await rows.find(connection, row.blob, row.user_id, lock=True)
            if locked is None:
                raise _unknown()  # given up in the meantime
            if locked.recorded:
                return
            event = BlobStored(
                user=row.user_id, device=claims.device_id, at=finished_at, blob=row.blob, digest=digest,
                size=row.size, until=row.expires_at,
            )  # fmt: skip
            await self._directory.record(event)
            await rows.set_recorded(connection, row.blob)

    async def _digest(self, row: Row) -> bytes:
        """Of what the storage has, so that it is known to be there."""
        digest = sha256()
        try:
            async for data in self._store.contents(row.blob, parts_of(row.parts, row.size)):
                await asyncio.to_thread(digest.update, data)
        except NotThere as error:
            raise _unknown() from error
        return digest.digest()


def _unknown() -> Refusal:
    return Refusal("not_found", "There is no such file.")
