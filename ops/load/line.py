"""One user's socket, as lean as it can be: packets in, packets out, no task per message."""

import asyncio
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
ANSWER_SECONDS: Final = 15.0
"""The web client waits no longer for an answer either."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class Refused(OperatorError):
    """The relay refused a socket; `code` and `retry_after_ms` as it said them."""

    def __init__(self, data: Any) -> None:
        super().__init__(f"The relay refused a socket: {data}")
        told = (data.get("data") if isinstance(data, dict) else None) or {}
        self.code = str(told.get("code", ""))
        self.retry_after_ms: int | None = told.get("retry_after_ms")


class NoAnswer(Exception):
    """The connection ended, or too long a time passed, before the answer: whether it happened is unknown."""


class Line:
    """`on_envelopes` gets every batch, `on_event` every other event; each call's `on_answer` gets its answer
    and the seconds it took."""

    def __init__(
        self,
        ws: aiohttp.ClientWebSocketResponse,
        on_envelopes: Callable[[list[Any]], None],
        on_event: Callable[[str, Any], None] | None = None,
    ) -> None:
        self._ws = ws
        self._on_envelopes = on_envelopes
        self._on_event = on_event
        self._waiting: dict[int, tuple[float, Callable[[Any, float], None]]] = {}
        self._asked: set[asyncio.Future[Any]] = set()
        self._next_id = 0
        self.ended: str | None = None

    @classmethod
    async def open(
        cls,
        http: aiohttp.ClientSession,
        url: str,
        token: str,
        on_envelopes: Callable[[list[Any]], None],
        on_event: Callable[[str, Any], None] | None = None,
    ) -> "Line":
        """Connects and authenticates. Raises Refused with the relay's reason, and ConnectionError when the
        connection ended before there was one."""
        ws = await http.ws_connect(f"{url}/socket.io/?EIO=4&transport=websocket", compress=0, max_msg_size=0)
        try:
            await ws.receive_str()
            await ws.send_bytes(_encode({"type": CONNECT, "data": {"token": token}, "nsp": "/"}))
            answer = _decode(await ws.receive_bytes())
        except TypeError as error:  # aiohttp's way to say that a close came instead
            raise ConnectionError("the connection ended before it was open") from error
        if answer["type"] != CONNECT:
            await ws.close()
            raise Refused(answer.get("data"))
        return cls(ws, on_envelopes, on_event)

    async def call(self, event: str, payload: Any, on_answer: Callable[[Any, float], None]) -> None:
        """Sends one call; returns when it is written."""
        self._next_id += 1
        self._waiting[self._next_id] = (time.perf_counter(), on_answer)
        await self._ws.send_bytes(
            _encode({"type": EVENT, "data": [event, payload], "nsp": "/", "id": self._next_id})
        )

    async def ask(self, event: str, payload: Any) -> Any:
        """One call and its answer. Raises NoAnswer."""
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked.add(answered)

        def take(answer: Any, _seconds: float) -> None:
            if not answered.done():
                answered.set_result(answer)

        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.call(event, payload, take)
                return await answered
        except (TimeoutError, aiohttp.ClientError, ConnectionError) as error:
            raise NoAnswer(event) from error
        finally:
            self._asked.discard(answered)

    async def read(self) -> None:
        """Until the socket closes; `ended` then says why, and who still waits for an answer has none."""
        try:
            async for message in self._ws:
                if message.type is aiohttp.WSMsgType.TEXT:
                    if message.data == "2":
                        await self._ws.send_str("3")
                    continue
                self._take(_decode(message.data))
        finally:
            for answered in self._asked:
                if not answered.done():
                    answered.set_exception(NoAnswer("the connection ended"))

    def _take(self, packet: dict[str, Any]) -> None:
        if packet["type"] == ACK:
            began, on_answer = self._waiting.pop(packet["id"])
            on_answer(packet["data"][0], time.perf_counter() - began)
        elif packet["type"] != EVENT:
            return  # the relay takes its leave; the end of the connection follows
        elif packet["data"][0] == "envelopes":
            self._on_envelopes(packet["data"][1])
        else:
            name, payload = packet["data"]
            if name == "session.ended":
                self.ended = payload["reason"]
            if self._on_event is not None:
                self._on_event(name, payload)

    async def close(self) -> None:
        """Ends the socket."""
        await self._ws.close()
