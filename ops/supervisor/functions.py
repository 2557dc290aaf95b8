"""The functions of the embedded log and board: their processes may load none, so the supervisor does.

Promise: a server that was started has them before `tick` returns None; the board, which keeps nothing, gets
them again at each start.
"""

import asyncio
from typing import Final

from ops import functions
from ops.supervisor.keeper import Keeper
from schema import servers
from schema.failures import AWAY
from schema.waiting import why

ANSWER_SECONDS: Final = 3.0


class Functions:
    """Of the server that `keeper` runs; `url` has the administrator's user."""

    def __init__(self, url: str, keeper: Keeper) -> None:
        self._url = url
        self._keeper = keeper
        self._installed_in: int | None = None

    def tick(self) -> str | None:
        """Installs what a newly started server lacks; why it is away, if it is."""
        pid = self._keeper.pid
        if pid is None or pid == self._installed_in:
            return None if pid else "it is not started"
        try:
            asyncio.run(asyncio.wait_for(self._install(), ANSWER_SECONDS))
        except AWAY as error:
            return why(error)
        self._installed_in = pid
        return None

    async def _install(self) -> None:
        client = servers.client(self._url)
        try:
            await functions.install(client)
        finally:
            await client.aclose()
