"""One user of the load: an account with its devices, each on a socket, and a partner to write to."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import aiohttp

from ops.load.account import Account
from ops.load.line import Line

KEM_PREKEYS: Final = 10
"""One-time KEM prekeys of a device, as many as a client publishes."""


@dataclass
class UnderWay:
    """A message that has not reached all devices yet. `since` is the moment that its latencies count from."""

    since: float
    devices: int
    sender: "User"


@dataclass
class Measured:
    """What all users together saw. Times are seconds: `accepted` until the relay's answer, `received` until
    the envelope reached a device, `late` from when a message was due until it was written."""

    accepted: list[float] = field(default_factory=list)
    received: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    gaps: int = 0
    under_way: dict[str, UnderWay] = field(default_factory=dict)

    def forget(self) -> None:
        """Forgets the measurements until now."""
        self.accepted.clear()
        self.received.clear()
        self.late.clear()
        self.refused.clear()
        self.gaps = 0


class User:
    """Sends one message at a time when asked; everything that arrives is acknowledged, once per loop turn.

    `on_settled` is called with the sender when one of its messages was received by all devices, or refused;
    `on_accepted` with the sender when one was accepted."""

    def __init__(self, url: str, measured: Measured, *, body_bytes: int, devices: int = 1) -> None:
        self.account = Account(url)
        self.partner: User = self
        self.on_settled: Callable[[User], None] | None = None
        self.on_accepted: Callable[[User], None] | None = None
        self.devices: list[Device] = [Device(self.account, measured)]
        self._further = devices - 1
        self._measured = measured
        self._body_bytes = body_bytes

    async def register(self, http: aiohttp.ClientSession) -> None:
        """Makes the account and publishes the keys of each device."""
        await self.account.register(http, kem=KEM_PREKEYS)
        for _ in range(self._further):
            further = await self.account.further_device(http, kem=KEM_PREKEYS)
            self.devices.append(Device(further, self._measured))

    async def connect(self) -> None:
        """Opens the socket of each device."""
        for device in self.devices:
            await device.connect()

    async def close(self) -> list[str]:
        """Ends the sockets; why the relay had ended some before."""
        return [reason for device in self.devices if (reason := await device.close())]

    def send(self, since: float | None = None) -> None:
        """Writes one message to all devices of the partner. Its latencies count from `since`, or from now."""
        now = time.perf_counter()
        if since is not None:
            self._measured.late.append(now - since)
        number, to = str(uuid4()), self.partner
        body = os.urandom(self._body_bytes)
        envelopes = [device.account.envelope(body) for device in to.devices]
        message = UnderWay(now if since is None else since, len(envelopes), self)
        self._measured.under_way[number] = message

        def answered(answer: Any) -> None:
            if answer["ok"]:
                self._measured.accepted.append(time.perf_counter() - message.since)
                if self.on_accepted is not None:
                    self.on_accepted(self)
                return
            self._measured.refused[answer["error"]["code"]] += 1
            self._measured.under_way.pop(number, None)
            if self.on_settled is not None:
                self.on_settled(self)

        payload = {"id": number, "to": to.account.user_id, "envelopes": envelopes}
        assert self.devices[0].line is not None
        self.devices[0].line.call("send", payload, answered)


class Device:
    """One device's socket. `seen` is the highest number that arrived."""

    def __init__(self, account: Account, measured: Measured) -> None:
        self.account = account
        self.line: Line | None = None
        self.seen = 0
        self._measured = measured
        self._acknowledging = False

    async def connect(self) -> None:
        """Opens the socket."""
        self.line = await Line.open(self.account.url, self.account.token, self._on_envelopes)

    async def close(self) -> str | None:
        """Ends the socket; why the relay had ended it before, if it had."""
        if self.line is None:
            return None
        line, self.line = self.line, None
        await line.close()
        return line.ended

    def _on_envelopes(self, envelopes: list[Any]) -> None:
        now, measured = time.perf_counter(), self._measured
        for envelope in envelopes:
            if envelope["seq"] <= self.seen:
                continue
            if envelope["seq"] > self.seen + 1:
                measured.gaps += 1
            self.seen = envelope["seq"]
            message = measured.under_way.get(envelope["id"])
            if message is None:
                continue
            measured.received.append(now - message.since)
            message.devices -= 1
            if not message.devices:
                del measured.under_way[envelope["id"]]
                if message.sender.on_settled is not None:
                    message.sender.on_settled(message.sender)
        if not self._acknowledging:
            self._acknowledging = True
            asyncio.get_running_loop().call_soon(self._acknowledge)

    def _acknowledge(self) -> None:
        """One `ack` for all that came in one turn of the loop."""
        self._acknowledging = False
        if self.line is not None and not self.line.closed:
            self.line.call("ack", {"upto": self.seen}, lambda _answer: None)
