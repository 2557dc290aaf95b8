"""Trimming: the log keeps its window, and whatever someone still has to read; the quarantine its window.

Invariant: a partition is trimmed neither past the window's begin nor past its boundary
(`workers.retention.boundary`). Where there is no boundary nothing is trimmed, and the log says so loudly.
"""

from typing import Any

import structlog

from schema import keys
from workers import metrics
from workers.positions import Position
from workers.projector import checkpoints
from workers.retention.boundary import ReaderMissing, boundary

log = structlog.get_logger(__name__)


async def trim(database: Any, log_client: Any, partitions: int, *, now: int, window_ms: int) -> int:
    """Trims every partition (`now` in ms); how many entries went."""
    async with database.connection() as connection:
        projected = await checkpoints.read_all(connection, keys.PROJECTOR)
    window = Position(max(0, now - window_ms), 0)
    trimmed = 0
    for partition in range(partitions):
        if not await log_client.exists(keys.log(partition)):
            continue  # nothing was ever said there
        try:
            limit = min(window, await boundary(log_client, partition, projected))
        except ReaderMissing as error:
            metrics.TRIM_REFUSED.labels(str(error)).inc()
            log.error("partition_not_trimmed", partition=partition, why=str(error))  # noqa: TRY400 - no bug
            continue
        count = await log_client.xtrim(keys.log(partition), minid=str(limit), approximate=False)
        metrics.TRIMMED.labels(partition).inc(count)
        trimmed += count
    return trimmed


async def trim_quarantine(log_client: Any, partitions: int, *, now: int, window_ms: int) -> int:
    """Trims what was set aside longer ago than the window (`now` in ms); how many entries went.

    Nobody reads it but the operator; and what cannot be read cannot be erased with its account.
    """
    window = str(Position(max(0, now - window_ms), 0))
    streams = [*(keys.quarantine(partition) for partition in range(partitions)), keys.LIMITS_QUARANTINE]
    trimmed = 0
    for stream in streams:
        trimmed += await log_client.xtrim(stream, minid=window, approximate=False)
    return trimmed
