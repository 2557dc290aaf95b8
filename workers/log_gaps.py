"""Where a repair went on behind what the database had read: entries before may be missing from a log.

Invariant: written before the stream goes on, once for each repair, and kept for ever; so a reader never takes
the numbers behind a gap for those that follow the entries before it.
"""

from typing import Any, NamedTuple
from uuid import UUID

from schema import keys
from schema.positions import Position


class LogGap(NamedTuple):
    """Entries up to `upto` may be missing. `log_id`: of the log that the present ones before it are from."""

    upto: Position
    log_id: UUID | None


async def read(log_client: Any, partition: int) -> list[LogGap]:
    """The partition's gaps, in order."""
    found = await log_client.hgetall(keys.log_gaps(partition))
    return sorted(
        LogGap(Position.parse(upto), UUID(log_id.decode()) if log_id else None)
        for upto, log_id in found.items()
    )


async def note(log_client: Any, partition: int, upto: Position, log_id: UUID | None) -> None:
    """Records a gap."""
    await log_client.hset(keys.log_gaps(partition), str(upto), "" if log_id is None else str(log_id))


async def log_id(log_client: Any, partition: int) -> UUID | None:
    """The log's id, as the partition has it."""
    text = await log_client.get(keys.log_id(partition))
    return None if text is None else UUID(text.decode())
