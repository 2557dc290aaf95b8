"""Deletes chosen entries from the quarantine."""

from typing import Any

from ops.quarantine.listing import Listed
from schema import keys


async def drop(log_client: Any, wanted: list[Listed]) -> None:
    """Deletes every double of each; one that is gone by now is no matter."""
    for one in wanted:
        partition = one.row.partition
        stream = keys.LIMITS_QUARANTINE if partition is None else keys.quarantine(partition)
        await log_client.xdel(stream, *(entry.id for entry in one.entries))
