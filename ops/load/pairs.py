"""Users in pairs, each writing to its partner."""

import asyncio
import time
from typing import Final

import aiohttp

from ops.load.user import Measured, User

PREPARED_AT_ONCE: Final = 4
"""Registrations cost the relay much."""
LAST_ONES_SECONDS: Final = 10.0
"""How long to wait at the end for what is still under way."""


class Pairs:
    """`count` users on the nodes `urls`; what they see is in `measured`."""

    def __init__(self, urls: tuple[str, ...], count: int, *, window: int, body_bytes: int) -> None:
        self.measured = Measured()
        self.users = [
            User(urls[number % len(urls)], self.measured, window=window, body_bytes=body_bytes)
            for number in range(count - count % 2)
        ]
        for one, other in zip(self.users[::2], self.users[1::2], strict=True):
            one.partner, other.partner = other, one

    async def open(self, http: aiohttp.ClientSession) -> None:
        """Registers and connects all."""
        few = asyncio.Semaphore(PREPARED_AT_ONCE)

        async def prepare(user: User) -> None:
            async with few:
                await user.register(http)
                await user.connect(http)

        await asyncio.gather(*(prepare(user) for user in self.users))

    async def write(self, seconds: float, rate: float) -> float:
        """Everybody writes: `rate` messages a second in all, 0: as many as go. Returns the seconds it took.
        Raises TimeoutError when some messages never came."""
        began = time.perf_counter()
        pause = len(self.users) / rate if rate else 0.0
        async with asyncio.timeout(seconds + 2 * LAST_ONES_SECONDS):
            await asyncio.gather(
                *(
                    user.write(began + seconds, pause, pause * number / len(self.users))
                    for number, user in enumerate(self.users)
                )
            )
        return time.perf_counter() - began

    async def last_ones(self) -> None:
        """Waits for what is still under way."""
        deadline = time.perf_counter() + LAST_ONES_SECONDS
        while self.measured.under_way and time.perf_counter() < deadline:  # noqa: ASYNC110 - an event costs more
            await asyncio.sleep(0.05)

    async def close(self) -> list[str]:
        """Ends the sockets; why the relay had ended some before."""
        return [reason for user in self.users if (reason := await user.close())]
