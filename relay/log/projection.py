"""Waiting until an event of the log can be read in PostgreSQL."""

import asyncio
from typing import Final

from relay.database import Database, transaction
from relay.log.replies import Appended
from schema import checkpoints
from schema.backoff import Backoff
from schema.keys import PROJECTOR
from schema.refusals import Refusal

VISIBLE_SECONDS: Final = 5.0


async def until_visible(
    database: Database,
    appended: Appended,
    *,
    seconds: float = VISIBLE_SECONDS,
    advice: str = "make the same call again",
) -> None:
    """Returns once the projector has passed the appended event.

    Raises Refusal unavailable, with `advice`, when that takes longer than `seconds`: the log has it all the
    same.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    pause = Backoff(first=0.03, factor=1.3, most=0.25)
    while not await is_visible(database, appended):
        if asyncio.get_running_loop().time() > deadline:
            raise Refusal(
                "unavailable",
                f"It is recorded but cannot be seen yet; {advice}.",
                retry_after_ms=2000,
            )
        await asyncio.sleep(pause.next())


async def is_visible(database: Database, appended: Appended) -> bool:
    """Whether the projector has passed the appended event."""
    async with transaction(database) as connection:
        reached = await checkpoints.reached(connection, PROJECTOR, appended.partition)
    return reached is not None and reached >= appended.position
