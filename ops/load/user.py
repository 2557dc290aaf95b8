"""One user of the load: an account, a device, a partner, and a window of messages under way."""

import asyncio
import os
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import aiohttp

from ops.load.account import Account
from ops.load.line import Line

KEM_PREKEYS: Final = 10
"""One-time KEM prekeys of a device, as many as a client publishes."""


@dataclass
class Measured:
    """What all users together saw. Times are seconds; `under_way` maps a message's id to when it left."""

    accepted: list[float] = field(default_factory=list)
    received: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    gaps: int = 0
    under_way: dict[str, float] = field(default_factory=dict)

    def forget(self) -> None:
        """Forgets the measurements until now."""
        self.accepted.clear()
        self.received.clear()
        self.refused.clear()
        self.gaps = 0


class User:
    """Sends to `partner` as long as fewer than `window` of its messages are neither received nor refused."""

    def __init__(self, url: str, measured: Measured, *, window: int, body_bytes: int) -> None:
        self.account = Account(url)
        self.partner: User = self
        self._measured = measured
        self._body_bytes = body_bytes
        self._room = asyncio.Semaphore(window)
        self._seen = 0
        self._acknowledge: asyncio.Event = asyncio.Event()
        self._line: Line | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def register(self, http: aiohttp.ClientSession) -> None:
        """Makes the account and publishes the device's keys, KEM prekeys as well."""
        await self.account.register(http, kem=KEM_PREKEYS)

    async def connect(self, http: aiohttp.ClientSession) -> None:
        """Opens the socket and begins to read and acknowledge."""
        self._line = await Line.open(http, self.account.url, self.account.token, self._on_envelopes)
        self._tasks = [asyncio.create_task(self._line.read()), asyncio.create_task(self._acknowledging())]

    async def write(self, until: float, pause: float, first: float = 0.0) -> None:
        """Sends until perf_counter() says `until`: the first message after `first` seconds, the others
        `pause` seconds apart (0: as the window allows). A message that is late does not delay the next."""
        assert self._line is not None
        due = time.perf_counter() + first
        while time.perf_counter() < until and self._line.ended is None:
            if pause:
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                due += pause
            await self._room.acquire()
            await self._send(self._line)

    async def close(self) -> str | None:
        """Ends the socket; why the relay had ended it before, if it had."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._line is None:
            return None
        await self._line.close()
        return self._line.ended

    async def _send(self, line: Line) -> None:
        number = str(uuid4())
        payload = self.partner.account.sending(number, os.urandom(self._body_bytes))

        def answered(answer: Any, seconds: float) -> None:
            if answer["ok"]:
                self._measured.accepted.append(seconds)
                return
            self._measured.refused[answer["error"]["code"]] += 1
            del self._measured.under_way[number]
            self._room.release()

        self._measured.under_way[number] = time.perf_counter()
        await line.call("send", payload, answered)

    def _on_envelopes(self, envelopes: list[Any]) -> None:
        now = time.perf_counter()
        for envelope in envelopes:
            if envelope["seq"] > self._seen + 1:
                self._measured.gaps += 1
            self._seen = max(self._seen, envelope["seq"])
            left = self._measured.under_way.pop(envelope["id"], None)
            if left is not None:
                self._measured.received.append(now - left)
                self.partner._room.release()  # noqa: SLF001
        self._acknowledge.set()

    async def _acknowledging(self) -> None:
        """One `ack` for all that came in one turn of the loop."""
        assert self._line is not None
        while True:
            await self._acknowledge.wait()
            self._acknowledge.clear()
            await self._line.call("ack", {"upto": self._seen}, lambda _answer, _seconds: None)
