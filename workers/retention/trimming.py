"""Trimming: the log keeps its window, and whatever someone still has to read.

Invariant: a partition is never trimmed past the window's begin, the projector's checkpoint, or any group's
last read or oldest pending entry. A group or checkpoint that is missing means that somebody has not read
at all: then nothing is trimmed, and the log says so loudly.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from redis.exceptions import ResponseError

from schema import keys
from workers import metrics
from workers.positions import Position
from workers.projector import checkpoints

log = structlog.get_logger(__name__)


class NotTrimmable(Exception):
    """Why a partition must be left as it is."""


async def trim(database: Any, log_client: Any, partitions: int, *, now: int, window_ms: int) -> int:
    """Trims every partition (`now` in ms); how many entries went."""
    async with database.connection() as connection:
        projected = await checkpoints.read_all(connection, keys.PROJECTOR)
    trimmed = 0
    for partition in range(partitions):
        if not await log_client.exists(keys.log(partition)):
            continue  # nothing was ever said there
        try:
            limit = await boundary(log_client, partition, projected, Position(max(0, now - window_ms), 0))
        except NotTrimmable as error:
            metrics.TRIM_REFUSED.labels(str(error)).inc()
            log.error("partition_not_trimmed", partition=partition, why=str(error))  # noqa: TRY400 - no bug
            continue
        count = await log_client.xtrim(keys.log(partition), minid=str(limit), approximate=False)
        metrics.TRIMMED.labels(partition).inc(count)
        trimmed += count
    return trimmed


async def boundary(
    log_client: Any, partition: int, projected: Mapping[int, Position], window: Position
) -> Position:
    """The first position that must stay. Raises NotTrimmable."""
    if partition not in projected:
        raise NotTrimmable("no checkpoint")
    groups = {group["name"].decode(): group for group in await log_client.xinfo_groups(keys.log(partition))}
    limits = [window, projected[partition].next()]
    for name in keys.LOG_GROUPS:
        if name not in groups:
            raise NotTrimmable(f"no group {name}")
    for name, group in groups.items():
        limits.append(Position.parse(group["last-delivered-id"]).next())
        pending = await _oldest_pending(log_client, partition, name)
        if pending is not None:
            limits.append(pending)
    return min(limits)


async def _oldest_pending(log_client: Any, partition: int, group: str) -> Position | None:
    try:
        summary = await log_client.xpending(keys.log(partition), group)
    except ResponseError as error:
        raise NotTrimmable(f"no group {group}") from error  # it went this very moment
    return Position.parse(summary["min"]) if summary["min"] else None
