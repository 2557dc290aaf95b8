"""Compares archived entries with the digests of projected ones: the last moment at which an entry that was
altered in the log can be recognised. The segment names it in its signed header."""

from collections.abc import Iterable
from typing import Any

from schema.positions import Position
from workers import quarantine
from workers.projector import digests
from workers.projector.digests import Row


async def altered(
    database: Any, log_client: Any, partition: int, after: Position, found: list[tuple[Position, bytes]]
) -> list[Position]:
    """Which of the entries `found` (with their digests, all behind `after`) are not those that the projector
    read. Of an entry of which it kept no digest nothing is said."""
    if not found:
        return []
    rows: list[Row] = []
    async with database.connection() as connection:
        async for row in digests.every(connection, partition, after):
            rows.append(row)
            if row.upto >= found[-1][0]:
                break
    strange = list(_strange(found, rows))
    aside = await quarantine.unprojected(log_client, partition) if strange else set()
    return [position for position in strange if position not in aside]


def _strange(found: list[tuple[Position, bytes]], rows: list[Row]) -> Iterable[Position]:
    known = {digest for row in rows if row.digests for digest in digests.split(row.digests)}
    for position, digest in found:
        if digest not in known and any(
            row.digests is not None and row.after < position <= row.upto for row in rows
        ):
            yield position
