"""The board as limits use it."""

from typing import Any

from relay.admission.limits import Limits
from schema import functions, keys
from schema.limits import BYTES, MESSAGES
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
        self,
        subject: str,
        count: int,
        *,
        window: int = WINDOW_MS,
        event: str = "",
        name: str = MESSAGES,
        size: int | None = None,
        most: int = 1000,
    ) -> list[Any]:
        """With a `size`, so many bytes are asked for too, of `most` in the window."""
        names = [keys.limit_window(name, subject), keys.override(subject), keys.cooldown(subject)]
        args = [name, count, window, event]
        if size is not None:
            names.append(keys.limit_window(BYTES, subject))
            args += [BYTES, most, window, size]
        reply: list[Any] = await functions.call(self.client, "relay", "admit", names, args)
        return reply

    async def age(self, subject: str, milliseconds: int, *, name: str = MESSAGES) -> None:
        """Lets the window's events have happened earlier."""
        window = keys.limit_window(name, subject)
        for member, score in await self.client.zrange(window, 0, -1, withscores=True):
            await self.client.zadd(window, {member: score - milliseconds * 8})
        sums = keys.limit_window(BYTES, subject)
        for place, mark in enumerate(await self.client.lrange(sums, 0, -1)):
            at, _, sum_ = mark.decode().partition(":")
            await self.client.lset(sums, place, f"{max(0, int(at) - milliseconds)}:{sum_}")
