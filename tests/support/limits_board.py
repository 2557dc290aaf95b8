"""The board as limits use it."""

from typing import Any

from relay.limits import Limits
from schema import functions, keys
from schema.limits import MESSAGES
from schema.settings import Settings

WINDOW_MS = 60_000


class Board:
    """The board, and one or two nodes' view of the limits."""

    def __init__(self, client: Any, log: Any, settings: Settings) -> None:
        self.client = client
        self.log = log
        self.settings = settings

    async def node(self) -> Limits:
        limits = Limits(self.client, self.log)
        await limits.policy.read()
        return limits

    async def admit(
        self, subject: str, count: int, *, window: int = WINDOW_MS, event: str = "", name: str = MESSAGES
    ) -> list[Any]:
        names = [keys.limit_window(name, subject), keys.override(subject), keys.cooldown(subject)]
        reply: list[Any] = await functions.call(
            self.client, "relay", "admit", names, [name, count, window, event]
        )
        return reply

    async def age(self, subject: str, milliseconds: int, *, name: str = MESSAGES) -> None:
        """Lets the window's events have happened earlier."""
        window = keys.limit_window(name, subject)
        for member, score in await self.client.zrange(window, 0, -1, withscores=True):
            await self.client.zadd(window, {member: score - milliseconds * 8})
