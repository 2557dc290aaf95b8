"""One user's socket: packets in, packets out, no task and no timer per message."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import msgspec
from picows import WSCloseCode, WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from ops.errors import OperatorError

CONNECT: Final = 0
EVENT: Final = 2
ACK: Final = 3
CONNECT_ERROR: Final = 4
PING: Final = b"2"
PONG: Final = b"3"
ANSWER_SECONDS: Final = 15.0
"""The web client waits no longer for an answer either."""
CLOSING_SECONDS: Final = 1.0

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class Refused(OperatorError):
    """The relay refused a socket; `code` and `retry_after_ms` are from its answer."""

    def __init__(self, data: Any) -> None:
        super().__init__(f"The relay refused a socket: {data}")
        told = (data.get("data") if isinstance(data, dict) else None) or {}
        self.code = str(told.get("code", ""))
        self.retry_after_ms: int | None = told.get("retry_after_ms")


class NoAnswer(Exception):
    """The connection ended, or the time ran out, before the answer: the outcome of the call is unknown."""


class Line(WSListener):
    """`on_envelopes` gets every batch, `on_event` every other event; each call's `on_answer` gets its answer
    at once. `ended` is the reason in `session.ended`, if there was one."""

    def __init__(
        self,
        token: str,
        on_envelopes: Callable[[list[Any]], None],
        on_event: Callable[[str, Any], None] | None,
    ) -> None:
        self.ended: str | None = None
        self.closed = False
        self._token = token
        self._on_envelopes = on_envelopes
        self._on_event = on_event
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting: dict[int, Callable[[Any], None]] = {}
        self._asked: set[asyncio.Future[Any]] = set()
        self._next_id = 0
        self._transport: WSTransport | None = None

    @classmethod
    async def open(
        cls,
        url: str,
        token: str,
        on_envelopes: Callable[[list[Any]], None],
        on_event: Callable[[str, Any], None] | None = None,
    ) -> "Line":
        """Connects and authenticates. Raises Refused with the relay's reason, and OSError when the connection
        ended before there was an answer."""
        line = cls(token, on_envelopes, on_event)
        address = f"{url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
        try:
            await ws_connect(lambda: line, address, logger_name="load")
        except WSError as error:
            raise ConnectionError(f"no WebSocket: {error}") from error
        try:
            await line._opened
        except BaseException:
            line._drop()
            raise
        return line

    def call(self, event: str, payload: Any, on_answer: Callable[[Any], None]) -> None:
        """Writes one call. Raises NoAnswer when the connection has ended."""
        if self.closed or self._transport is None:
            raise NoAnswer(event)
        self._next_id += 1
        self._waiting[self._next_id] = on_answer
        packet = {"type": EVENT, "data": [event, payload], "nsp": "/", "id": self._next_id}
        self._transport.send(WSMsgType.BINARY, _encode(packet))

    async def ask(self, event: str, payload: Any) -> Any:
        """One call and its answer. Raises NoAnswer."""
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Any] = loop.create_future()

        def settle(answer: Any) -> None:
            if not answered.done():
                answered.set_result(answer)

        def give_up() -> None:
            if not answered.done():
                answered.set_exception(NoAnswer(event))

        self.call(event, payload, settle)
        self._asked.add(answered)
        timer = loop.call_later(ANSWER_SECONDS, give_up)
        try:
            return await answered
        finally:
            timer.cancel()
            self._asked.discard(answered)

    def stop_reading(self) -> None:
        """Nothing is read from the socket any more; the relay is not told."""
        assert self._transport is not None
        self._transport.underlying_transport.pause_reading()

    def abort(self) -> None:
        """Ends the connection as a network does: the relay gets no CLOSE."""
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    async def until_closed(self) -> None:
        """Returns when the connection has ended."""
        assert self._transport is not None
        await self._transport.wait_disconnected()

    async def close(self) -> None:
        """Ends the connection, at once when the relay takes nothing more."""
        self._drop()
        if self._transport is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSING_SECONDS):
                    await self._transport.wait_disconnected()
            self._transport.disconnect(graceful=False)
            await self._transport.wait_disconnected()

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The library's: the WebSocket is open."""
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """The library's: one frame."""
        if frame.msg_type is WSMsgType.BINARY:
            self._packet(_decode(frame.get_payload_as_memoryview()))
        elif frame.msg_type is WSMsgType.TEXT:
            if frame.get_payload_as_bytes() == PING:
                transport.send(WSMsgType.TEXT, PONG)
            elif not self._opened.done():  # Engine.IO's handshake
                data = {"token": self._token}
                transport.send(WSMsgType.BINARY, _encode({"type": CONNECT, "data": data, "nsp": "/"}))
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002 - the library's signature
        """The library's: the connection has ended."""
        self.closed = True
        if not self._opened.done():
            self._opened.set_exception(ConnectionError("the connection ended before it was open"))
        for answered in self._asked:
            if not answered.done():
                answered.set_exception(NoAnswer("the connection ended"))

    def _packet(self, packet: dict[str, Any]) -> None:
        kind = packet["type"]
        if kind == ACK:
            self._waiting.pop(packet["id"])(packet["data"][0])
        elif kind == EVENT:
            name, payload = packet["data"]
            if name == "envelopes":
                self._on_envelopes(payload)
                return
            if name == "session.ended":
                self.ended = payload["reason"]
            if self._on_event is not None:
                self._on_event(name, payload)
        elif self._opened.done():
            return  # a DISCONNECT packet; the end of the connection follows
        elif kind == CONNECT:
            self._opened.set_result(None)
        else:
            self._opened.set_exception(Refused(packet.get("data")))

    def _drop(self) -> None:
        if self._transport is not None and not self.closed:
            self._transport.send_close(WSCloseCode.OK)
            self._transport.disconnect()
