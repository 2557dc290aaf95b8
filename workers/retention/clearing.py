"""Clearing: dead login sessions, and the marks of prekeys whose device is gone."""

from typing import Any, Final

DAY_MS: Final = 24 * 3600 * 1000

DELETE_SESSIONS: Final = "DELETE FROM login_sessions WHERE ended_at < %(before)s OR expires_at < %(before)s"
DELETE_USED_PREKEYS: Final = """
    DELETE FROM used_prekeys AS used USING devices
     WHERE devices.user_id = used.user_id AND devices.device_id = used.device_id
       AND devices.closed_at < %(before)s
"""


async def clear(database: Any, *, now: int, after_ms: int = DAY_MS) -> None:
    """Deletes what has been of no use for `after_ms` (`now` in ms); nodes learn of an end meanwhile."""
    async with database.connection() as connection:
        for statement in (DELETE_SESSIONS, DELETE_USED_PREKEYS):
            await connection.execute(statement, {"before": now - after_ms})
