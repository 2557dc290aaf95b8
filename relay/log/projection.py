"""Waiting until what was said in the log can be read in Postgres."""

import asyncio
from typing import Final

from relay.database import Database, transaction
from relay.log.replies import Position
from schema.backoff import Backoff
from schema.keys import PROJECTOR
from schema.refusals import Refusal

VISIBLE_SECONDS: Final = 5.0

SELECT_POSITION: Final = """
    SELECT position FROM checkpoints WHERE consumer_group = %s AND partition = %s
"""


async def until_visible(
    database: Database,
    position: Position,
    *,
    seconds: float = VISIBLE_SECONDS,
    advice: str = "make the same call again",
) -> None:
    """Returns once the projector has passed `position`.

    Raises Refusal unavailable, with `advice`, when that takes longer than `seconds`: the log has it all the
    same.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    pause = Backoff(first=0.03, factor=1.3, most=0.25)
    while not await is_visible(database, position):
        if asyncio.get_running_loop().time() > deadline:
            raise Refusal(
                "unavailable",
                f"It is recorded but cannot be seen yet; {advice}.",
                retry_after_ms=2000,
            )
        await asyncio.sleep(pause.next())


async def is_visible(database: Database, position: Position) -> bool:
    """Whether the projector has passed `position`."""
    async with transaction(database) as connection:
        row = await (await connection.execute(SELECT_POSITION, (PROJECTOR, position.partition))).fetchone()
    return row is not None and _number(row[0]) >= _number(position.entry.decode())


def _number(entry: str) -> tuple[int, int]:
    milliseconds, _, count = entry.partition("-")
    return int(milliseconds), int(count)
