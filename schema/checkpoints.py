"""The table `checkpoints`: how far a group has projected a partition.

Invariant: a position is advanced only from the one its writer last knew, in the transaction that writes
what lies between the two. So a former owner, however late it wakes up, commits nothing.
"""

from typing import Any, Final

from schema.positions import START, Position

INSERT_IF_MISSING: Final = """
    INSERT INTO checkpoints (consumer_group, partition, position) VALUES (%s, %s, %s)
    ON CONFLICT DO NOTHING
"""
SELECT_POSITION: Final = "SELECT position FROM checkpoints WHERE consumer_group = %s AND partition = %s"
HOLD_POSITION: Final = f"{SELECT_POSITION} FOR UPDATE"
SELECT_POSITIONS: Final = "SELECT partition, position FROM checkpoints WHERE consumer_group = %s"
COMPARE_AND_SET: Final = """
    UPDATE checkpoints SET position = %s
     WHERE consumer_group = %s AND partition = %s AND position = %s
"""


async def read(connection: Any, group: str, partition: int) -> Position:
    """The group's position, from now on recorded."""
    await connection.execute(INSERT_IF_MISSING, (group, partition, str(START)))
    cursor = await connection.execute(SELECT_POSITION, (group, partition))
    return Position.parse((await cursor.fetchone())[0])


async def read_all(connection: Any, group: str) -> dict[int, Position]:
    """The positions of the partitions that have one."""
    cursor = await connection.execute(SELECT_POSITIONS, (group,))
    return {partition: Position.parse(text) for partition, text in await cursor.fetchall()}


async def reached(connection: Any, group: str, partition: int) -> Position | None:
    """The group's position; None without one."""
    row = await (await connection.execute(SELECT_POSITION, (group, partition))).fetchone()
    return None if row is None else Position.parse(row[0])


async def advance(connection: Any, group: str, partition: int, known: Position, upto: Position) -> bool:
    """Moves the position from `known` to `upto`; False when it is not at `known` any more."""
    cursor = await connection.execute(COMPARE_AND_SET, (str(upto), group, partition, str(known)))
    return bool(cursor.rowcount == 1)


async def hold(connection: Any, group: str, partition: int) -> Position | None:
    """The group's position, which nobody moves before the caller's transaction ends; None without one."""
    cursor = await connection.execute(HOLD_POSITION, (group, partition))
    row = await cursor.fetchone()
    return None if row is None else Position.parse(row[0])
