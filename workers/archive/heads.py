"""The table `archive_heads`: the newest segment of each partition, beside the archive itself.

Invariant: a row is written after its segment and before the log is trimmed, and never goes back. So the
archive may be one segment ahead of its row, and an archive that ends before it has lost its last segments.
"""

from typing import Any, Final, NamedTuple

from schema.positions import START, Position
from workers.archive.header import Head

SELECT: Final = "SELECT partition, number, digest, last, trimmed FROM archive_heads"
UPSERT: Final = """
    INSERT INTO archive_heads (partition, number, digest, last) VALUES (%s, %s, %s, %s)
    ON CONFLICT (partition) DO UPDATE
    SET number = EXCLUDED.number, digest = EXCLUDED.digest, last = EXCLUDED.last
    WHERE archive_heads.number < EXCLUDED.number
"""
UPSERT_TRIMMED: Final = """
    INSERT INTO archive_heads (partition, number, digest, last, trimmed) VALUES (%s, 0, %s, %s, %s)
    ON CONFLICT (partition) DO UPDATE SET trimmed = EXCLUDED.trimmed
"""


class Recorded(NamedTuple):
    """The database's record of a partition's archive."""

    head: Head
    trimmed: Position


async def read_all(connection: Any) -> dict[int, Recorded]:
    """By partition. A head of number 0: there is no segment. `trimmed`: up to there the log was trimmed
    without an archive."""
    rows = await (await connection.execute(SELECT)).fetchall()
    return {
        partition: Recorded(Head(number, bytes(digest), Position.parse(last)), Position.parse(trimmed))
        for partition, number, digest, last, trimmed in rows
    }


async def record(connection: Any, partition: int, head: Head) -> None:
    """The partition's newest segment is `head`; an older one changes nothing."""
    await connection.execute(UPSERT, (partition, head.number, head.digest, str(head.last)))


async def record_trimmed(connection: Any, partition: int, upto: Position) -> None:
    """The log was trimmed up to there, and no segment holds what went."""
    start = Head()
    await connection.execute(UPSERT_TRIMMED, (partition, start.digest, str(START), str(upto)))
