"""One user's socket, as lean as it can be: packets in, packets out, no task per message."""

import time
from collections.abc import Callable
from typing import Any, Final

import aiohttp
import msgspec

from ops.errors import OperatorError

CONNECT: Final = 0
EVENT: Final = 2
ACK: Final = 3
CONNECT_ERROR: Final = 4

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class Line:
    """`on_envelopes` gets every batch; each call's `on_answer` gets its answer and the seconds it took."""

    def __init__(
        self, ws: aiohttp.ClientWebSocketResponse, on_envelopes: Callable[[list[Any]], None]
    ) -> None:
        self._ws = ws
        self._on_envelopes = on_envelopes
        self._waiting: dict[int, tuple[float, Callable[[Any, float], None]]] = {}
        self._next_id = 0
        self.ended: str | None = None

    @classmethod
    async def open(
        cls, http: aiohttp.ClientSession, url: str, token: str, on_envelopes: Callable[[list[Any]], None]
    ) -> "Line":
        """Connects and authenticates. Raises OperatorError with the relay's reason."""
        ws = await http.ws_connect(f"{url}/socket.io/?EIO=4&transport=websocket", compress=0, max_msg_size=0)
        await ws.receive_str()
        await ws.send_bytes(_encode({"type": CONNECT, "data": {"token": token}, "nsp": "/"}))
        answer = _decode(await ws.receive_bytes())
        if answer["type"] != CONNECT:
            raise OperatorError(f"The relay refused a socket: {answer.get('data')}")
        return cls(ws, on_envelopes)

    async def call(self, event: str, payload: Any, on_answer: Callable[[Any, float], None]) -> None:
        """Sends one call; returns when it is written."""
        self._next_id += 1
        self._waiting[self._next_id] = (time.perf_counter(), on_answer)
        await self._ws.send_bytes(
            _encode({"type": EVENT, "data": [event, payload], "nsp": "/", "id": self._next_id})
        )

    async def read(self) -> None:
        """Until the socket closes; `ended` then says why."""
        async for message in self._ws:
            if message.type is aiohttp.WSMsgType.TEXT:
                if message.data == "2":
                    await self._ws.send_str("3")
                continue
            packet = _decode(message.data)
            if packet["type"] == ACK:
                began, on_answer = self._waiting.pop(packet["id"])
                on_answer(packet["data"][0], time.perf_counter() - began)
            elif packet["data"][0] == "envelopes":
                self._on_envelopes(packet["data"][1])
            elif packet["data"][0] == "session.ended":
                self.ended = packet["data"][1]["reason"]

    async def close(self) -> None:
        """Ends the socket."""
        await self._ws.close()
