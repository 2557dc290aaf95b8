"""Users in pairs, each writing to its partner: in a closed loop, in an open loop, or into the mailboxes of
devices that are away."""

import asyncio
import time
from typing import Final

import aiohttp

from ops.errors import OperatorError
from ops.load.returning import in_groups
from ops.load.user import Measured, User

PREPARED_AT_ONCE: Final = 4
"""Registrations cost the relay much."""
LAST_ONES_SECONDS: Final = 10.0
"""How long to wait at the end for what is still under way."""
UNDER_WAY_AT_MOST: Final = 20_000
"""An open loop with more messages under way has failed: the relay does not keep up."""
ALL_SECONDS: Final = 300.0


class Pairs:
    """`count` users on the nodes `urls`, partners on neighbouring nodes; what they see is in `measured`."""

    def __init__(self, urls: tuple[str, ...], count: int, *, body_bytes: int, devices: int = 1) -> None:
        self.measured = Measured()
        self.users = [
            User(urls[number % len(urls)], self.measured, body_bytes=body_bytes, devices=devices)
            for number in range(count - count % 2)
        ]
        for one, other in zip(self.users[::2], self.users[1::2], strict=True):
            one.partner, other.partner = other, one

    async def register(self, http: aiohttp.ClientSession) -> None:
        """Makes all accounts."""
        await in_groups(PREPARED_AT_ONCE, [lambda u=u: u.register(http) for u in self.users])  # type: ignore[misc]

    async def connect(self) -> None:
        """Opens all sockets."""
        await in_groups(PREPARED_AT_ONCE, [user.connect for user in self.users])

    async def closed_loop(self, seconds: float, window: int) -> None:
        """Each user keeps `window` messages under way: the next one leaves when one was received."""
        until = time.perf_counter() + seconds

        def settled(user: User) -> None:
            if time.perf_counter() < until:
                user.send()

        for user in self.users:
            user.on_settled = settled
            for _ in range(window):
                user.send()
        await asyncio.sleep(seconds)
        await self._last_ones()

    async def open_loop(self, seconds: float, rate: float) -> None:
        """`rate` messages a second in all, each due at a moment of its own, whatever became of those before.
        Latencies count from that moment, so that a pause of the relay, or of this process, hides nothing.
        Raises OperatorError when the relay does not keep up."""
        for user in self.users:
            user.on_settled = None
        began, sent, wanted = time.perf_counter(), 0, int(seconds * rate)
        while sent < wanted:
            while sent < wanted and (due := began + sent / rate) <= time.perf_counter():
                self.users[sent % len(self.users)].send(due)
                sent += 1
            if len(self.measured.under_way) > UNDER_WAY_AT_MOST:
                raise OperatorError(f"The relay does not keep up with {rate:g} messages a second.")
            await asyncio.sleep(max(0.0, began + sent / rate - time.perf_counter()))
        await self._last_ones()

    async def fill(self, messages: int, window: int) -> int:
        """The first of each pair writes to the other, which is away; how many were accepted."""
        senders, left = self.users[::2], messages
        for user in self.users[1::2]:
            await user.close()
        accepted = asyncio.Event()

        def go_on(user: User) -> None:
            nonlocal left
            if left > 0:
                left -= 1
                user.send()
            elif len(self.measured.accepted) + self.measured.refused.total() >= messages:
                accepted.set()

        for user in senders:
            user.on_accepted = user.on_settled = go_on
        for _ in range(window):
            for user in senders:
                go_on(user)
        async with asyncio.timeout(ALL_SECONDS):
            await accepted.wait()
        for user in senders:
            user.on_accepted = user.on_settled = None
        return len(self.measured.accepted)

    async def catch_up(self, messages: int) -> float:
        """Those who were away connect at once; the seconds until all have received so many messages."""
        began = time.perf_counter()
        await asyncio.gather(*(user.connect() for user in self.users[1::2]))
        async with asyncio.timeout(ALL_SECONDS):
            while len(self.measured.received) < messages:  # noqa: ASYNC110 - an event costs more
                await asyncio.sleep(0.002)
        return time.perf_counter() - began

    async def close(self) -> list[str]:
        """Ends the sockets; why the relay had ended some before."""
        return [reason for user in self.users for reason in await user.close()]

    async def _last_ones(self) -> None:
        """Waits for what is still under way."""
        deadline = time.perf_counter() + LAST_ONES_SECONDS
        while self.measured.under_way and time.perf_counter() < deadline:  # noqa: ASYNC110 - an event costs more
            await asyncio.sleep(0.01)
