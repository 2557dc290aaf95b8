"""The operator's limits for single users, on the board as PostgreSQL has them.

Invariant: a board that came back empty has them again within a second or two, and whatever else went wrong
between the two (an account deleted while the board was away) is mended within a minute. With PostgreSQL away
the board keeps what it has; one that lost it too goes by the policy alone.
"""

import asyncio
from typing import Any, Final

from schema import keys, overrides
from workers.rate_limiter.keeping import keep

COMPARED_FOR_MS: Final = 60_000


class Overrides:
    """Compares at its first call, and whenever the board says no more that it was compared."""

    def __init__(self, database: Any, board: Any) -> None:
        self._database = database
        self._board = board
        self._is_first = True

    async def install(self) -> bool:
        """Whether the board had others than PostgreSQL."""
        if not self._is_first and await self._board.exists(keys.OVERRIDES):
            return False
        async with self._database.connection() as connection:
            mended = await overrides.install(connection, self._board)
        await self._board.set(keys.OVERRIDES, "1", px=COMPARED_FOR_MS)
        self._is_first = False
        return mended > 0


async def keep_installed(database: Any, board: Any, stopping: asyncio.Event) -> None:
    """Until told to stop."""
    install = Overrides(database, board).install
    await keep(install, stopping, installed="overrides_installed", waits="overrides_wait")
