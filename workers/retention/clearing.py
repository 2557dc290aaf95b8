"""Clearing what is of no use any more: dead login sessions with their tokens, marks of one-time prekeys,
digests of entries that left the log.

Invariant: a mark on the log outlives any lag of the projector, and a day more: a database that was restored
from a backup has to read again what it had read. Digests of trimmed entries have nothing left to be compared
with; the archive is held by its own chain.
"""

from collections.abc import Mapping
from typing import Any, Final

from schema import keys
from schema.positions import Position
from schema.prekeys import KINDS
from workers.projector import digests

DAY_MS: Final = 24 * 3600 * 1000
TOKEN_LIFE_MS: Final = 31 * DAY_MS
"""A refresh token older than this could not be used any more, so its reuse need not be noticed."""

MARKS_KEPT_MS: Final = DAY_MS

DELETE_SESSIONS: Final = """
    DELETE FROM login_sessions WHERE ended_at < %(ended)s OR expires_at < %(ended)s
"""
DELETE_TOKENS: Final = "DELETE FROM refresh_tokens WHERE superseded AND issued_at < %(issued)s"
DELETE_USED_PREKEYS: Final = tuple(
    f"""
    DELETE FROM {kind.used} AS used USING devices
     WHERE devices.user_id = used.user_id AND devices.device_id = used.device_id
       AND devices.closed_at < %(ended)s
"""  # noqa: S608 - the names stand in `schema.prekeys`
    for kind in KINDS
)


async def clear(database: Any, *, now: int, after_ms: int = DAY_MS) -> None:
    """Deletes what has been of no use for `after_ms` (`now` in ms); nodes learn of an end meanwhile."""
    values = {"ended": now - after_ms, "issued": now - TOKEN_LIFE_MS}
    async with database.connection() as connection:
        for statement in (DELETE_SESSIONS, DELETE_TOKENS, *DELETE_USED_PREKEYS):
            await connection.execute(statement, values)


async def clear_marks(log_client: Any, projected: Mapping[int, Position], *, now: int) -> int:
    """Removes the marks of prekeys whose entries are projected and a day old (`now` in ms); how many."""
    gone = 0
    for partition, position in projected.items():
        before = min(position.ms, now - MARKS_KEPT_MS)
        gone += await log_client.zremrangebyscore(keys.taken(partition), "-inf", f"({before}")
    return gone


async def forget_digests(database: Any, log_client: Any, partitions: int) -> int:
    """Deletes the rows of `entry_digests` that lie before what was trimmed; how many."""
    found = {number: await log_client.get(keys.trimmed(number)) for number in range(partitions)}
    trimmed = {number: Position.parse(text) for number, text in found.items() if text is not None}
    async with database.connection() as connection:
        return await digests.forget(connection, trimmed)
