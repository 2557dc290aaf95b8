"""Digests of entries that left the log go: nothing is left to compare with them. What the archive has is held
by its own chain."""

from typing import Any

from schema import keys
from schema.positions import Position
from workers.projector import digests


async def forget_digests(database: Any, log_client: Any, partitions: int) -> int:
    """Deletes the rows of `entry_digests` that lie before what was trimmed; how many."""
    found = {number: await log_client.get(keys.trimmed(number)) for number in range(partitions)}
    trimmed = {number: Position.parse(text) for number, text in found.items() if text is not None}
    async with database.connection() as connection:
        return await digests.forget(connection, trimmed)
