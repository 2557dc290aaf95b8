"""The table `blobs`, as far as the log says it: stored, erased, and that a deleted account's are over.

Invariant: every statement may be repeated, and a row that a node made keeps what only the node knows. A row
is deleted by retention, once the storage has nothing of it.
"""

from collections.abc import Iterable
from typing import Any, Final

from schema.events import AccountDeleted, BlobErased, BlobStored, LogEvent

STORE: Final = """
    INSERT INTO blobs (blob, user_id, device_id, size, received, created_at, expires_at, finished_at,
                       recorded, digest, stored_at)
    VALUES (%(blob)s, %(user)s, %(device)s, %(size)s, %(size)s, %(at)s, %(until)s, %(at)s, true,
            %(digest)s, %(at)s)
    ON CONFLICT (blob) DO UPDATE
       SET digest = excluded.digest, stored_at = excluded.stored_at, recorded = true
     WHERE blobs.stored_at IS NULL
"""
ERASE: Final = """
    UPDATE blobs SET erased_at = %(at)s, erasing = true WHERE blob = %(blob)s AND erased_at IS NULL
"""
GIVE_UP_OF_USER: Final = "UPDATE blobs SET expires_at = 0 WHERE user_id = %s"


async def change(connection: Any, changes: Iterable[LogEvent]) -> None:
    """Writes changes of different users (at most one of each)."""
    for event in changes:
        match event:
            case BlobStored(
                user=user, device=device, at=at, blob=blob, digest=digest, size=size, until=until
            ):
                values = {"user": user, "device": device, "at": at, "blob": blob, "digest": digest}
                await connection.execute(STORE, {**values, "size": size, "until": until})
            case BlobErased(at=at, blob=blob):
                await connection.execute(ERASE, {"at": at, "blob": blob})
            case AccountDeleted(user=user):
                await connection.execute(GIVE_UP_OF_USER, (user,))
            case _:
                pass
