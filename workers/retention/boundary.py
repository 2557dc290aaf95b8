"""The boundary of a partition: what lies before it has been read by all.

Invariant: it is not past the projector's checkpoint, nor past any group's last read or oldest pending entry.
A group or checkpoint that is missing means that somebody has not read at all: then there is no boundary.
"""

from collections.abc import Mapping
from typing import Any

from redis.exceptions import ResponseError

from schema import keys
from schema.positions import Position


class ReaderMissing(Exception):
    """Why nothing of a partition may be touched."""


async def boundary(log_client: Any, partition: int, projected: Mapping[int, Position]) -> Position:
    """Everything before it has been read by all; `projected` are the checkpoints. Raises ReaderMissing."""
    if partition not in projected:
        raise ReaderMissing("no checkpoint")
    groups = {group["name"].decode(): group for group in await log_client.xinfo_groups(keys.log(partition))}
    limits = [projected[partition].next()]
    for name in keys.LOG_GROUPS:
        if name not in groups:
            raise ReaderMissing(f"no group {name}")
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
        raise ReaderMissing(f"no group {group}") from error  # it went this very moment
    return Position.parse(summary["min"]) if summary["min"] else None
