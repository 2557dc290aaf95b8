"""Expiry: the floor of a mailbox moves over the envelopes that outlived their time.

An envelope's time begins when it was accepted, by the later of two clocks: the node's, and the log's. So a
node that is behind shortens nobody's.
"""

from typing import Any, Final
from uuid import UUID

import structlog

from schema import codec, functions, keys
from schema.events import EnvelopesExpired
from schema.partitions import partition_of
from workers import metrics

log = structlog.get_logger(__name__)

MAILBOXES_AT_ONCE: Final = 2000

SELECT_OVERDUE: Final = """
    SELECT user_id, device_id,
           COALESCE(min(seq) FILTER (WHERE greatest(at, logged_at) >= %(before)s) - 1, max(seq)) AS upto
      FROM envelopes
     WHERE (user_id, device_id) IN (
           SELECT DISTINCT user_id, device_id
             FROM envelopes
            WHERE at < %(before)s AND logged_at < %(before)s
            LIMIT %(most)s)
     GROUP BY user_id, device_id
"""
"""A mailbox's prefix without a younger envelope: only a prefix can expire."""


async def expire(database: Any, log_client: Any, partitions: int, *, now: int, ttl_ms: int) -> int:
    """Moves the floors of overdue mailboxes (`now` in ms); how many envelopes expired."""
    async with database.connection() as connection:
        cursor = await connection.execute(SELECT_OVERDUE, {"before": now - ttl_ms, "most": MAILBOXES_AT_ONCE})
        overdue = await cursor.fetchall()
    expired = 0
    for user, device, upto in overdue:
        expired += await expire_mailbox(log_client, partition_of(user, partitions), user, device, upto, now)
    if expired:
        metrics.EXPIRED.inc(expired)
        log.info("envelopes_expired", count=expired, mailboxes=len(overdue))
    return expired


async def expire_mailbox(
    log_client: Any, partition: int, user: UUID, device: int, upto: int, now: int
) -> int:
    """Moves one floor to `upto` if anything up to there is still owed; how many envelopes that were."""
    directory = keys.user(partition, user)
    numbers = await log_client.hmget(directory, [f"c{device}", f"f{device}"])
    cursor, floor = (int(number or 0) for number in numbers)
    count = upto - max(cursor, floor)
    if count <= 0:
        return 0
    event = codec.encode(EnvelopesExpired(user=user, device=device, at=now, count=count))
    names = [keys.log(partition), directory]
    moved = await functions.call(log_client, "workers", "expire", names, [device, upto, cursor, floor, event])
    return count if moved else 0
