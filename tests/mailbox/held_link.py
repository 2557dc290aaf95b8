"""A connection to the log whose answers arrive early, late or never, as a test says."""

import asyncio
from collections import deque
from typing import Any

from schema.link import Link, OutcomeUnknown

Reply = asyncio.Future[Any]


class HeldLink:
    """A connection to the log whose answers arrive when a test lets them, or, once it `flows`, by themselves.
    With `stick_next`, the next call itself is stuck on its way, and its connection ends."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._held: deque[tuple[Reply, Reply]] = deque()
        self._stuck: deque[tuple[Any, ...]] = deque()
        self.stick_next = self.flows = False

    def execute(self, *command: Any) -> Reply:
        promise: Reply = asyncio.get_running_loop().create_future()
        if self.stick_next and command[0] == "FCALL":
            self.stick_next = False
            self._stuck.append(command)
            promise.set_exception(OutcomeUnknown("the connection ended"))
            return promise
        if self.flows:
            return self._link.execute(*command)
        self._held.append((self._link.execute(*command), promise))
        return promise

    async def done(self) -> None:
        """The log has done everything that it was asked for."""
        await asyncio.gather(*(reply for reply, _ in self._held), return_exceptions=True)

    async def answer(self) -> None:
        """The oldest answer arrives."""
        if self._held:
            reply, promise = self._held.popleft()
            _pass_on(promise, await asyncio.gather(reply, return_exceptions=True))

    async def answer_all(self) -> None:
        """Everything that is held back arrives, in order."""
        while self._held:
            await self.answer()

    async def lose(self) -> None:
        """The oldest answer never arrives."""
        if self._held:
            reply, promise = self._held.popleft()
            await asyncio.gather(reply, return_exceptions=True)
            _pass_on(promise, [OutcomeUnknown("the connection ended")])

    async def arrive(self) -> None:
        """What was stuck reaches the log after all; its connection is gone."""
        while self._stuck:
            await asyncio.gather(self._link.execute(*self._stuck.popleft()), return_exceptions=True)


def _pass_on(promise: Reply, outcome: list[Any]) -> None:
    (one,) = outcome
    if promise.done():
        return
    if isinstance(one, BaseException):
        promise.set_exception(one)
    else:
        promise.set_result(one)
