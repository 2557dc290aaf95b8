"""A crowd that writes to each other through anything: lean clients that come back, send again what has no
answer, and write down what they did and saw."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self
from uuid import UUID, uuid4

import aiohttp

from ops.load.account import Account
from ops.load.keys import LAST_RESORT
from ops.load.line import NoAnswer
from ops.load.returning import Returning, in_groups
from schema import tasks
from tests.support.history import Delivered, Device, History, Sent, ToldExpired
from tests.support.until import until

AGAIN_SECONDS = 0.2
"""Between two attempts of one send; the real client waits as long as it is asked to."""


class Chatter(Returning):
    """One member of the crowd. `codes` are the refusals of its sends, in order; `unanswered` counts attempts
    whose outcome is unknown."""

    def __init__(self, account: Account, http: aiohttp.ClientSession, history: History) -> None:
        super().__init__(account, http)
        self.history = history
        self.codes: list[str] = []
        self.head = 0
        self.settled = 0
        self.accepted = 0
        self.unanswered = 0

    @property
    def device(self) -> Device:
        return UUID(self.account.user_id), self.account.device_id

    def on_envelopes(self, envelopes: list[Any]) -> None:
        """Stores the envelopes, then has them acknowledged."""
        for got in envelopes:
            sender = UUID(got["from"]["user_id"]), got["from"]["device_id"]
            self.history.delivered.append(
                Delivered(self.device, self.attempts, got["seq"], UUID(got["id"]), sender, got["body"])
            )
        self.head = max(self.head, envelopes[-1]["seq"])
        self.stored(self.head)

    def on_event(self, name: str, payload: Any) -> None:
        if name == "expired":
            self.history.expired.append(ToldExpired(self.device, payload["upto"], payload["count"]))
            self.head = max(self.head, payload["upto"])

    def acknowledged(self, upto: int) -> None:
        self.settled = upto
        self.history.acknowledged.append((self.device, upto))

    async def attempt(self, sent: Sent, to: Account) -> Any:
        """One call; its answer, or None when there is none."""
        if self.line is None or self.line.ended is not None:
            return None
        try:
            answer = await self.line.ask("send", to.sending(str(sent.id), sent.body))
        except NoAnswer:
            sent.outcome = "maybe"
            self.unanswered += 1
            return None
        if answer["ok"]:
            sent.outcome, sent.seq = "accepted", answer["accepted"][0]["seq"]
            self.accepted += 1
        else:
            self.codes.append(answer["error"]["code"])
        return answer

    async def fetch_bundle(self, of: "Chatter") -> None:
        """Takes a one-time prekey of each kind of the other's device, as long as there are some."""
        bundle = await self.account.call(
            self._http,
            "GET",
            f"/v1/bundles/{of.account.username}/{of.account.fingerprint}",
            patience=30.0,  # a node that came back reads the limits first
        )
        for device in bundle["devices"]:
            if device["prekey"] is not None:
                self.history.prekeys.append((of.device[0], device["device_id"], device["prekey"]["id"]))
            kem = device["kem_prekey"]
            if kem is not None and kem["id"] != LAST_RESORT:
                self.history.kem_prekeys.append((of.device[0], device["device_id"], kem["id"]))

    def begin(self, to: "Chatter", body: bytes) -> Sent:
        """Notes a send that no attempt was made of yet."""
        sent = Sent(uuid4(), self.device, to.device, body, "refused")
        self.history.sent.append(sent)
        return sent

    async def say(self, to: "Chatter", body: bytes) -> Sent:
        """Sends until it is accepted, with the same id: what a client must do."""
        sent = self.begin(to, body)
        while sent.outcome != "accepted":
            if await self.attempt(sent, to.account) is None:
                await self.online.wait()
            if sent.outcome != "accepted":
                await asyncio.sleep(AGAIN_SECONDS)
        return sent


class Crowd:
    """Chatters, their shared history, and traffic in a ring: each writes to the next."""

    def __init__(self, chatters: list[Chatter], history: History) -> None:
        self.chatters = chatters
        self.history = history
        self._running: list[asyncio.Task[None]] = []

    @classmethod
    async def gather(
        cls,
        http: aiohttp.ClientSession,
        urls: list[str],
        *,
        prekeys: int = 0,
        member: type[Chatter] = Chatter,
    ) -> Self:
        """One member per address, registered, with so many one-time prekeys of each kind."""
        history = History()
        accounts = [Account(url) for url in urls]
        registering = [
            lambda a=a: a.register(http, prekeys=prekeys, kem=prekeys, patience=60.0) for a in accounts
        ]  # type: ignore[misc]
        await in_groups(4, registering)
        chatters = [member(account, http, history) for account in accounts]
        history.members |= {chatter.device for chatter in chatters}
        return cls(chatters, history)

    @asynccontextmanager
    async def connected(self, *, but: int = 0, seconds: float = 60.0) -> AsyncIterator[Self]:
        """All (but the last `but`, who may `join` later) are online, and stay so as well as they can; at the
        end everybody has got everything."""
        async with self.staying_connected(but=but):
            await self.all_online(but=but, seconds=seconds)
            yield self
            await self.all_received(seconds=seconds)

    @asynccontextmanager
    async def staying_connected(self, *, but: int = 0) -> AsyncIterator[None]:
        """All (but the last `but`) connect, and reconnect after each loss, meanwhile."""
        try:
            for chatter in self.chatters[: len(self.chatters) - but]:
                self.join(chatter)
            yield
        finally:
            broken = [task for task in self._running if task.done()]
            await tasks.end(self._running)
            self._running.clear()
            for task in broken:
                task.result()  # it runs until it is ended: it raises

    def join(self, chatter: Chatter) -> None:
        """Begins to connect."""
        self._running.append(asyncio.create_task(chatter.run()))

    async def all_online(self, *, but: int = 0, seconds: float = 60.0) -> None:
        """All but the last `but` are."""
        async with asyncio.timeout(seconds):
            for chatter in self.chatters[: len(self.chatters) - but]:
                await chatter.online.wait()

    @asynccontextmanager
    async def writing(
        self, pause: float = 0.15, *, writers: int | None = None, size: int = 0
    ) -> AsyncIterator[None]:
        """Everybody (or the first `writers`) writes to the next one meanwhile, `pause` seconds after each
        that was accepted, bodies of at least `size` bytes. At the end all that was begun is accepted."""
        stop = asyncio.Event()
        following = [*self.chatters[1:], self.chatters[0]]
        pairs = list(zip(self.chatters, following, strict=True))[:writers]
        writing = [asyncio.create_task(_write(one, other, pause, size, stop)) for one, other in pairs]
        try:
            yield
            stop.set()
            async with asyncio.timeout(60):
                await asyncio.gather(*writing)
        finally:
            await tasks.end(writing)

    async def all_received(self, *, seconds: float = 60.0) -> None:
        """Everything that was accepted has come, and was acknowledged."""
        heads: dict[Device, int] = {}
        for sent in self.history.sent:
            heads[sent.to] = max(heads.get(sent.to, 0), sent.seq)
        async with asyncio.timeout(seconds):
            for chatter in self.chatters:
                while chatter.settled < heads.get(chatter.device, 0):  # noqa: ASYNC110 - polled
                    await asyncio.sleep(0.02)

    async def goes_on(self, more: int = 20, *, seconds: float = 60.0) -> None:
        """So many further sends are accepted."""
        before = self.accepted()
        await until(lambda: self.accepted() >= before + more, seconds=seconds)

    async def is_refused(self, *, seconds: float = 30.0) -> None:
        """A further send, or who would connect to send it, is refused."""
        before = len(self.codes())
        await until(lambda: len(self.codes()) > before, seconds=seconds)

    def accepted(self) -> int:
        """How many sends were accepted so far."""
        return sum(chatter.accepted for chatter in self.chatters)

    def codes(self) -> list[str]:
        """Every code that a send, or a member at the door, was refused with."""
        return [code for chatter in self.chatters for code in (*chatter.codes, *chatter.refusals.elements())]


async def _write(one: Chatter, other: Chatter, pause: float, size: int, stop: asyncio.Event) -> None:
    number = 0
    while not stop.is_set():
        number += 1
        await one.say(other, f"{number} of {one.account.username}".encode().ljust(size))
        await asyncio.sleep(pause)
