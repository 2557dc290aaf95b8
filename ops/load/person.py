"""One user of the load: an account, a socket, and a partner it writes to."""

import asyncio
import secrets
import struct
import time
from typing import Any, Final
from uuid import uuid4

import aiohttp
import msgspec

from ops.load.identity import Identity

REGISTRATION_ID: Final = 7
_EVENT: Final = 2
_ACK: Final = 3
_stamp = struct.Struct(">d")
_encoder = msgspec.msgpack.Encoder()


class LoadFailed(Exception):
    """The relay refused what the load needs; the text says what, and which setting helps."""


class Tally:
    """What all users together did. Latencies in seconds, taken while `counting`."""

    def __init__(self) -> None:
        self.counting = False
        self.accepted = 0
        self.delivered = 0
        self.refused: dict[str, int] = {}
        self.to_accepted: list[float] = []
        self.to_received: list[float] = []


class Person:
    """Registers, connects, then writes to `partner`: at a pace, or, with `refills`, on every answer."""

    def __init__(self, http: aiohttp.ClientSession, url: str, tally: Tally, size: int) -> None:
        self._http = http
        self._url = url
        self._tally = tally
        self._filling = secrets.token_bytes(max(0, size - _stamp.size))
        self._sent_at: dict[int, float] = {}
        self._calls = 0
        self._ws: aiohttp.ClientWebSocketResponse
        self.writing = False
        self.refills = False
        self.partner: Person
        self.user_id = ""
        self.received: list[int] = []

    async def register(self) -> None:
        """An account with an active device. Raises LoadFailed."""
        body = {"username": f"load_{secrets.token_hex(8)}", "password": secrets.token_hex(12)}
        session = await self._post("POST", "/v1/accounts", body, "SEALSTREAM_REGISTRATIONS_PER_HOUR")
        self.user_id, self._token = session["user_id"], session["access_token"]
        await self._post("PUT", "/v1/keys", Identity().keys(REGISTRATION_ID), "")

    async def connect(self) -> None:
        """A live socket. Raises LoadFailed."""
        address = self._url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        self._ws = await self._http.ws_connect(address, compress=0, max_msg_size=0)
        await self._ws.receive()
        await self._ws.send_bytes(_encoder.encode({"type": 0, "data": {"token": self._token}, "nsp": "/"}))
        answer = msgspec.msgpack.decode((await self._ws.receive()).data)
        if answer["type"] != 0:
            raise LoadFailed(f"a connection was refused: {answer['data']['data']['code']}")

    async def listen(self) -> None:
        """Takes what comes until the socket closes."""
        async for message in self._ws:
            if message.type is aiohttp.WSMsgType.TEXT:
                if message.data == "2":
                    await self._ws.send_str("3")
                continue
            packet = msgspec.msgpack.decode(message.data)
            if packet["type"] == _ACK:
                await self._answered(packet["id"], packet["data"][0])
            elif packet["type"] == _EVENT and packet["data"][0] == "envelopes":
                await self._received(packet["data"][1])

    async def send(self) -> None:
        """One message to the partner."""
        now = time.perf_counter()
        envelope = {
            "device_id": 1,
            "registration_id": REGISTRATION_ID,
            "kind": "message",
            "body": _stamp.pack(now) + self._filling,
        }
        self._calls += 1
        self._sent_at[self._calls] = now
        await self._call("send", {"id": str(uuid4()), "to": self.partner.user_id, "envelopes": [envelope]})

    async def pace(self, every_seconds: float) -> None:
        """One message every so often, until no longer `writing`."""
        await asyncio.sleep(secrets.randbelow(1000) / 1000 * every_seconds)
        due = time.perf_counter()
        while self.writing:
            await self.send()
            due += every_seconds
            await asyncio.sleep(max(0.0, due - time.perf_counter()))

    async def close(self) -> None:
        """Closes the socket."""
        await self._ws.close()

    async def _answered(self, number: int, answer: dict[str, Any]) -> None:
        sent_at = self._sent_at.pop(number, None)
        if sent_at is None:
            return  # the answer to an acknowledgement
        tally = self._tally
        if answer["ok"]:
            if tally.counting:
                tally.accepted += 1
                tally.to_accepted.append(time.perf_counter() - sent_at)
        else:
            code = answer["error"]["code"]
            tally.refused[code] = tally.refused.get(code, 0) + 1
            await asyncio.sleep(0.1)
        if self.writing and self.refills:
            await self.send()

    async def _received(self, envelopes: list[dict[str, Any]]) -> None:
        now = time.perf_counter()
        for envelope in envelopes:
            self.received.append(envelope["seq"])
            if self._tally.counting:
                self._tally.delivered += 1
                self._tally.to_received.append(now - _stamp.unpack_from(envelope["body"])[0])
        self._calls += 1
        await self._call("ack", {"upto": envelopes[-1]["seq"]})

    async def _call(self, event: str, payload: dict[str, Any]) -> None:
        packet = {"type": _EVENT, "data": [event, payload], "nsp": "/", "id": self._calls}
        await self._ws.send_bytes(_encoder.encode(packet))

    async def _post(self, method: str, path: str, body: Any, setting: str) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"} if self.user_id else {}
        async with self._http.request(method, self._url + path, json=body, headers=headers) as reply:
            answer = await reply.json(content_type=None)
            if reply.status >= 400:
                hint = f" (raise {setting})" if reply.status == 429 and setting else ""
                raise LoadFailed(f"{method} {path}: {answer['code']}{hint}")
            return answer
