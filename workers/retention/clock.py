"""The time that retention goes by: the earliest of its own, the log's and the database's clock.

One clock that jumps ahead must not expire anything early; one that falls behind only delays.
"""

from collections.abc import Callable
from typing import Any, Final

SELECT_NOW: Final = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"


async def cautious_now(database: Any, log_client: Any, now: Callable[[], int]) -> int:
    """Milliseconds since the epoch, by the clock that is furthest behind."""
    reply = await log_client.time()
    times = reply.values() if isinstance(reply, dict) else [reply]  # a cluster answers per node
    async with database.connection() as connection:
        cursor = await connection.execute(SELECT_NOW)
        (by_database,) = await cursor.fetchone()
    by_log: int = min(seconds * 1000 + micros // 1000 for seconds, micros in times)
    return min(now(), by_log, int(by_database))
