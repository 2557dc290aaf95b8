"""Blobs: the rows of `blobs`, as nodes write them.

Invariant: `received` only grows, by compare-and-set, so of two writers at one offset one is refused. A blob
counts in its user's quota from its creation, with its whole size, until it is given up.
"""

from typing import Any, Final, NamedTuple
from uuid import UUID

from relay.database import Connection

SELECT: Final = """
    SELECT blob, user_id, size, received, parts, expires_at, finished_at, digest,
           recorded OR stored_at IS NOT NULL
      FROM blobs
     WHERE blob = %(blob)s AND user_id = %(user)s AND NOT erasing AND erased_at IS NULL
"""
SUM_WAITING: Final = """
    SELECT coalesce(sum(size), 0)::bigint FROM blobs WHERE user_id = %s AND NOT erasing AND erased_at IS NULL
"""
INSERT: Final = """
    INSERT INTO blobs (blob, user_id, device_id, size, created_at, expires_at)
    VALUES (%(blob)s, %(user)s, %(device)s, %(size)s, %(now)s, %(expires)s)
"""
ADVANCE: Final = """
    UPDATE blobs SET received = %(end)s, parts = array_append(parts, %(part)s)
     WHERE blob = %(blob)s AND received = %(begin)s AND finished_at IS NULL AND NOT erasing
"""
FINISH: Final = """
    UPDATE blobs SET finished_at = %(now)s, expires_at = %(expires)s, digest = %(digest)s
     WHERE blob = %(blob)s AND received = size AND finished_at IS NULL AND NOT erasing
       AND expires_at > %(now)s
"""
SET_RECORDED: Final = "UPDATE blobs SET recorded = true WHERE blob = %s"
SET_ERASING: Final = "UPDATE blobs SET erasing = true WHERE blob = %s"
GIVE_UP_UNFINISHED: Final = """
    UPDATE blobs SET erasing = true, expires_at = 0
     WHERE blob = %s AND finished_at IS NULL AND stored_at IS NULL
"""
DELETE_UNFINISHED: Final = "DELETE FROM blobs WHERE blob = %s AND finished_at IS NULL AND stored_at IS NULL"


class Row(NamedTuple):
    """A blob of a user. `finished_at` (ms): it is whole, and about to be recorded; `recorded`: the log says
    so. `digest` is known then."""

    blob: bytes
    user_id: UUID
    size: int
    received: int
    parts: list[str]
    expires_at: int
    finished_at: int | None
    digest: bytes | None
    recorded: bool

    @property
    def is_to_be_recorded(self) -> bool:
        """Whether all bytes are there, and the log does not say so yet."""
        return self.received == self.size and not self.recorded


async def find(connection: Connection, blob: bytes, user: UUID, *, lock: bool = False) -> Row | None:
    """The user's blob; with `lock`, changes to it take turns until the transaction ends."""
    values = {"blob": blob, "user": user}
    row = await (await connection.execute(SELECT + ("FOR UPDATE" if lock else ""), values)).fetchone()
    return None if row is None else Row(*row)


async def waiting_bytes(connection: Connection, user: UUID) -> int:
    """The sizes of all blobs of the user that wait."""
    row = await (await connection.execute(SUM_WAITING, (user,))).fetchone()
    assert row is not None
    return int(row[0])


async def create(connection: Connection, values: dict[str, Any]) -> None:
    """A new upload: blob, user, device, size, now, expires."""
    await connection.execute(INSERT, values)


async def advance(connection: Connection, row: Row, part: str, begin: int, end: int) -> bool:
    """Counts a part in; False when the upload is no longer where it began."""
    values = {"blob": row.blob, "part": part, "begin": begin, "end": end}
    return (await connection.execute(ADVANCE, values)).rowcount == 1


async def finish(connection: Connection, row: Row, digest: bytes, now: int, expires: int) -> None:
    """Decides that it is whole, since when, and until when it stays; the first to say so is right. An upload
    over its time, as those of a deleted account are, does not become whole."""
    values = {"blob": row.blob, "digest": digest, "now": now, "expires": expires}
    await connection.execute(FINISH, values)


async def set_recorded(connection: Connection, blob: bytes) -> None:
    """The log says that it is stored."""
    await connection.execute(SET_RECORDED, (blob,))


async def set_erasing(connection: Connection, blob: bytes) -> None:
    """The log says that it is given up."""
    await connection.execute(SET_ERASING, (blob,))


async def give_up_unfinished(connection: Connection, blob: bytes) -> bool:
    """Decides that an upload never becomes whole; False when it is."""
    return (await connection.execute(GIVE_UP_UNFINISHED, (blob,))).rowcount == 1


async def delete_unfinished(connection: Connection, blob: bytes) -> None:
    """Forgets an upload that was given up."""
    await connection.execute(DELETE_UNFINISHED, (blob,))
