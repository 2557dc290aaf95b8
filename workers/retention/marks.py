"""Marks of one-time prekeys that were taken: each stays until the database knows it by itself, and a day.

Invariant: a mark outlives any lag of the projector. The day is for a database that was restored from a backup
and has to read again what it had read.
"""

from collections.abc import Mapping
from typing import Any, Final

from schema import keys
from schema.positions import Position

KEPT_MS: Final = 24 * 3_600_000


async def clear_marks(log_client: Any, projected: Mapping[int, Position], *, now: int) -> int:
    """Removes the marks of prekeys whose entries are projected and a day old (`now` in ms); how many."""
    gone = 0
    for partition, position in projected.items():
        before = min(position.ms, now - KEPT_MS)
        gone += await log_client.zremrangebyscore(keys.taken(partition), "-inf", f"({before}")
    return gone
