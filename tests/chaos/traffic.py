"""The messages of a round: each member writes to several others at once, one message under way to each, and
repeats it with the same id until it is accepted."""

import asyncio
import random
from collections.abc import Callable
from typing import Final

import aiohttp

from ops.load.account import Account
from schema import tasks
from tests.support.crowd import Chatter, Crowd
from tests.support.history import History

MEMBERS: Final = 24
RECIPIENTS: Final = 4
"""Of each member."""
SIZES: Final = (40, 40, 40, 40, 200, 200, 200, 600, 600, 3000)
"""Bytes of bodies; one is drawn for each message."""
RECONNECT_MOST_SECONDS: Final = 1.0
STUCK_SECONDS: Final = 120.0
LOOK_SECONDS: Final = 0.05


class Stuck(Exception):
    """No message was accepted, or none received, for a long time."""


class Member(Chatter):
    """Each of its connections goes to some node."""

    most_seconds = RECONNECT_MOST_SECONDS

    def __init__(self, account: Account, http: aiohttp.ClientSession, history: History) -> None:
        super().__init__(account, http, history)
        self.urls: list[str] = []
        self.chance = random.Random(0)
        self._away = 0.0

    def lose(self, seconds: float) -> None:
        """Its connection ends, and it makes no other one for so long."""
        self._away = seconds
        if self.line is not None:
            self.line.abort()

    def before_connecting(self) -> float:
        self.account.url = self.chance.choice(self.urls)
        away, self._away = self._away, 0.0
        return away


class Traffic:
    """Sends `messages` in all."""

    def __init__(self, crowd: Crowd, seed: int, messages: int) -> None:
        self.crowd = crowd
        self._messages = messages
        self._begun = 0
        self._seed = seed

    @classmethod
    async def prepare(
        cls, http: aiohttp.ClientSession, urls: list[str], seed: int, messages: int
    ) -> "Traffic":
        """Registers the members."""
        places = [urls[number % len(urls)] for number in range(MEMBERS)]
        traffic = cls(await Crowd.gather(http, places, member=Member), seed, messages)
        for number, member in enumerate(traffic.members):
            member.urls, member.chance = urls, random.Random(f"nodes {seed} {number}")
        return traffic

    @property
    def members(self) -> list[Member]:
        return [chatter for chatter in self.crowd.chatters if isinstance(chatter, Member)]

    def accepted(self) -> int:
        """How many messages were accepted so far."""
        return self.crowd.accepted()

    def is_through(self) -> bool:
        """Whether all were."""
        return self.accepted() >= self._messages

    async def run(self) -> None:
        """Until all messages are accepted. Raises Stuck."""
        writing = [
            asyncio.create_task(self._write(number, step))
            for number in range(MEMBERS)
            for step in range(1, RECIPIENTS + 1)
        ]
        try:
            await self._moving(self.accepted, self._messages, "accepted")
            await asyncio.gather(*writing)
        finally:
            await tasks.end(writing)

    async def received(self) -> None:
        """Returns when everything was received and acknowledged. Raises Stuck."""
        heads: dict[object, int] = {}
        for sent in self.crowd.history.sent:
            heads[sent.to] = max(heads.get(sent.to, 0), sent.seq)
        await self._moving(
            lambda: sum(min(member.settled, heads.get(member.device, 0)) for member in self.members),
            sum(heads.values()),
            "acknowledged",
        )

    async def _write(self, number: int, step: int) -> None:
        one, other = self.members[number], self.members[(number + step) % MEMBERS]
        chance = random.Random(f"bodies {self._seed} {number} {step}")
        while self._begun < self._messages:
            self._begun += 1
            await one.say(other, chance.randbytes(chance.choice(SIZES)))

    @staticmethod
    async def _moving(count: Callable[[], int], goal: int, name: str) -> None:
        """Until `count` reaches `goal`."""
        last, since = count(), asyncio.get_running_loop().time()
        while last < goal:
            await asyncio.sleep(LOOK_SECONDS)
            now, found = asyncio.get_running_loop().time(), count()
            if found > last:
                last, since = found, now
            elif now - since > STUCK_SECONDS:
                raise Stuck(f"{found} of {goal} were {name}, and no more for {STUCK_SECONDS:g} seconds")
