"""Expiry: the floor of a mailbox moves over the envelopes that outlived their time.

An envelope's time begins when it was accepted, by the later of two clocks: the node's, and the log's. So a
node that is behind shortens nobody's.
"""

from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

import structlog

from schema import codec, functions, keys
from schema.events import EnvelopesExpired
from schema.partitions import partition_of
from workers import metrics

log = structlog.get_logger(__name__)

MAILBOXES_AT_ONCE: Final = 2000
ANY_LOG: Final = ""
"""In place of a log's id: each connection of a worker compared the ids when it was opened."""

SELECT_OVERDUE: Final = """
    SELECT user_id, device_id,
           COALESCE(min(seq) FILTER (WHERE greatest(at, logged_at) >= %(before)s) - 1, max(seq)) AS upto
      FROM envelopes
     WHERE (user_id, device_id) IN (
           SELECT DISTINCT user_id, device_id
             FROM envelopes
            WHERE at < %(before)s AND logged_at < %(before)s AND (user_id, device_id) > (%(user)s, %(device)s)
            ORDER BY user_id, device_id
            LIMIT %(most)s)
     GROUP BY user_id, device_id
     ORDER BY user_id, device_id
"""
"""A mailbox's prefix without a younger envelope: only a prefix can expire."""

Overdue = tuple[UUID, int, int]
"""A mailbox (user, device), and up to which number its envelopes are over their time."""


async def expire(database: Any, log_client: Any, partitions: int, *, now: int, ttl_ms: int) -> int:
    """Moves the floors of overdue mailboxes (`now` in ms); how many envelopes expired."""
    expired = mailboxes = 0
    async for overdue in _pages(database, now - ttl_ms):
        for user, device, upto in overdue:
            count = await expire_mailbox(log_client, partition_of(user, partitions), user, device, upto, now)
            expired += count
            mailboxes += count > 0
    if expired:
        metrics.EXPIRED.inc(expired)
        log.info("envelopes_expired", count=expired, mailboxes=mailboxes)
    return expired


async def _pages(database: Any, before: int) -> AsyncIterator[list[Overdue]]:
    """All mailboxes with an envelope from before then (ms), in bounded pages by their key: those that cannot
    expire yet keep none of the others waiting."""
    user, device = UUID(int=0), 0
    while True:
        values = {"before": before, "most": MAILBOXES_AT_ONCE, "user": user, "device": device}
        async with database.connection() as connection:
            page = await (await connection.execute(SELECT_OVERDUE, values)).fetchall()
        if page:
            yield page
        if len(page) < MAILBOXES_AT_ONCE:
            return
        user, device, _ = page[-1]


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
    names = [keys.log(partition), directory, keys.log_id(partition)]
    arguments = [device, upto, cursor, floor, event, ANY_LOG]
    moved = await functions.call(log_client, "schema", "expire", names, arguments)
    return count if moved else 0
