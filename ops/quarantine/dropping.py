"""Deletes chosen entries from the quarantine."""

from typing import Any

from ops.quarantine.listing import Listed
from workers import quarantine


async def drop(log_client: Any, wanted: list[Listed]) -> None:
    """Deletes every double of each; one that is gone by now is no matter."""
    for one in wanted:
        await quarantine.drop(log_client, one.row.partition, one.entries)
