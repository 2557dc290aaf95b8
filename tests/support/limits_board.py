"""The board as limits use it."""

from contextlib import AsyncExitStack
from typing import Any

from relay.admission.admission import Admission
from relay.admission.policy import Policy
from relay.admission.refusal_notes import RefusalNotes
from schema import functions, keys
from schema.limits import BYTES, MESSAGES
from schema.link import Link
from schema.settings import Settings

WINDOW_MS = 60_000


class Board:
    """The board, and one or two nodes' view of the limits."""

    def __init__(self, client: Any, log: Any, settings: Settings, stack: AsyncExitStack) -> None:
        self.client = client
        self.log = log
        self.settings = settings
        self._stack = stack

    async def node(self, policy: Policy | None = None) -> Admission:
        """One node's admission; with a `policy` that is given, as it was read, else read now."""
        if policy is None:
            policy = Policy(self.client)
            await policy.read()
        link = Link(self.settings.board_url or "", name="board")
        await link.start()
        self._stack.push_async_callback(link.close)
        return Admission(link, policy, self._install, RefusalNotes(self.log).note)

    async def _install(self) -> None:
        await functions.install(self.client, "relay")

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
