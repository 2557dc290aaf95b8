"""Clearing the tables: dead login sessions with their tokens, and the marks of prekeys of closed devices."""

from typing import Any, Final

from schema.prekeys import KINDS

DAY_MS: Final = 24 * 3600 * 1000
TOKEN_LIFE_MS: Final = 31 * DAY_MS
"""A refresh token older than this could not be used any more, so its reuse need not be noticed."""

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
