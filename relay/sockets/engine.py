"""The lean Engine.IO server: WebSocket only, frames dispatched inline and written straight out.

The one place that knows the insides of python-engineio and aiohttp's WebSocket (both pinned; the wire tests,
with the clients of both libraries, are its conformance test). What the stock server does with a
queue, a writer task, a ping task and three tasks a packet is here one read loop per socket, one
timer for all sockets, and a synchronous write.

It also bounds what one socket can take: no attachments, a cap on a frame, a pace of reading
(`relay.sockets.intake`), a cap on what a slow reader leaves unsent (then the socket is cut), and a deadline
to authenticate. Until then it may send next to nothing (`relay.sockets.unauthenticated`).
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import engineio
import msgspec
import structlog
from aiohttp import WSMessage, WSMsgType, web

from relay.admission.room import Room
from relay.sockets import unauthenticated
from relay.sockets.intake import BYTES_PER_UNIT, Intake
from relay.sockets.lean_socket import LeanSocket
from relay.sockets.unauthenticated import AUTHENTICATE_SECONDS, Place, Places
from schema.refusals import Refusal

log = structlog.get_logger(__name__)

PING_INTERVAL_SECONDS: Final = 25
PING_TIMEOUT_SECONDS: Final = 20
UNITS_AT_ONCE: Final = 16
"""Of frames that have come already; then other sockets have their turn. At 64, twelve sockets with lists of
1,000 users to watch took 73 ms of CPU in one turn."""
FRAME_BYTES: Final = 1024 * 1024
"""A longer frame ends the socket; calls over 768 KiB up to here get a typed refusal."""


class LeanEngine(engineio.AsyncServer):  # type: ignore[misc]
    """`engineio.AsyncServer` with its transport exchanged. `origin_allowed` judges a request's Origin,
    `address_of` says by what address it is counted, `room` how many may wait to authenticate."""

    sockets: dict[str, LeanSocket]

    def __init__(
        self,
        *,
        origin_allowed: Callable[[web.Request], bool],
        address_of: Callable[[web.Request], str],
        room: Room,
        **options: Any,
    ) -> None:
        super().__init__(transports=["websocket"], **options)
        self._origin_allowed = origin_allowed
        self._address_of = address_of
        self._places = Places(most=room.unauthenticated, most_per_address=room.unauthenticated_per_address)
        self._timer: asyncio.Task[None] | None = None

    async def handle_request(self, request: web.Request) -> web.StreamResponse:
        """The endpoint `/socket.io/`. Raises Refusal unauthorized (403), invalid (400), rate_limited or
        unavailable (too many sockets wait to authenticate)."""
        if not self._origin_allowed(request):
            raise Refusal("unauthorized", "This origin is not allowed.", status=403)
        if request.query.get("EIO") != "4" or request.query.get("transport") != "websocket":
            raise Refusal("invalid", "Engine.IO 4 over WebSocket only.", status=400)
        if "sid" in request.query or request.headers.get("Upgrade", "").lower() != "websocket":
            raise Refusal("invalid", "A new WebSocket only.", status=400)
        place = self._places.reserve(self._address_of(request))
        offended = False
        try:
            ws, offended = await self._opened(request, place)
            return ws
        finally:
            (place.forfeit if offended else place.leave)()

    async def _opened(self, request: web.Request, place: Place) -> tuple[web.StreamResponse, bool]:
        """The WebSocket, served to its end; whether it broke a rule before it authenticated."""
        ws = web.WebSocketResponse(max_msg_size=FRAME_BYTES, compress=False, autoping=False)
        await ws.prepare(request)
        transport = request.transport
        if transport is None:
            return ws, False  # it went away meanwhile
        intake: Intake = request.protocol.intake  # type: ignore[attr-defined]  # relay.http.connections makes it
        socket = LeanSocket(self.generate_id(), ws, transport, place, intake)
        intake.serve(socket, ws._reader)  # noqa: SLF001
        self.sockets[socket.sid] = socket
        if self._timer is None:
            self._timer = asyncio.create_task(self._every_second(), name="engine-timer")
        try:
            await self._serve(socket, ws, request)
        finally:
            socket.closed = True
            ws._parser = None  # noqa: SLF001 - what it has of an unfinished message goes now
            self.sockets.pop(socket.sid, None)
            await self._trigger_event("disconnect", socket.sid, self.reason.TRANSPORT_CLOSE, run_async=False)
        return ws, socket.offended

    async def _serve(self, socket: LeanSocket, ws: web.WebSocketResponse, request: web.Request) -> None:
        opening = {
            "sid": socket.sid,
            "upgrades": [],
            "pingInterval": PING_INTERVAL_SECONDS * 1000,
            "pingTimeout": PING_TIMEOUT_SECONDS * 1000,
            "maxPayload": FRAME_BYTES,
        }
        socket.write("0" + msgspec.json.encode(opening).decode())
        await self._trigger_event("connect", socket.sid, {"aiohttp.request": request}, run_async=False)
        frames = taken = 0
        async for message in ws:
            size = len(message.data) if isinstance(message.data, bytes | str) else 0
            frames += 1
            if not socket.authenticated and (
                frames > unauthenticated.FRAMES or size > unauthenticated.FRAME_BYTES
            ):
                socket.offend()
                break
            await self._take(socket, ws, message)
            if socket.closed:
                break
            taken += 1 + size // BYTES_PER_UNIT
            if taken >= UNITS_AT_ONCE:
                taken = 0
                await asyncio.sleep(0)

    async def _take(self, socket: LeanSocket, ws: web.WebSocketResponse, message: WSMessage) -> None:
        """One frame of the client."""
        if message.type is WSMsgType.BINARY:
            try:
                await self._trigger_event("message", socket.sid, message.data, run_async=False)
            except ValueError:
                self._malformed(socket, "packet_malformed")
        elif message.type is WSMsgType.TEXT and message.data == "1":
            socket.close()
        elif message.type is WSMsgType.TEXT and message.data[:1] == "3":
            socket.pong()
        elif message.type is WSMsgType.PING:
            await ws.pong(message.data)
        elif message.type is not WSMsgType.PONG:
            self._malformed(socket, "frame_unexpected")

    def _malformed(self, socket: LeanSocket, what: str) -> None:
        if socket.authenticated:
            log.info(what)
            socket.close()
        else:
            socket.offend()

    async def _trigger_event(self, event: str, *args: Any, **_options: Any) -> Any:
        """The handler's own exceptions come through: the read loop must see a malformed packet."""
        return await self.handlers[event](*args)

    async def send(self, sid: str, data: bytes | str) -> None:
        """Sends to one socket, if it is still there."""
        if (socket := self.sockets.get(sid)) is not None:
            socket.write(data)

    async def disconnect(self, sid: str | None = None) -> None:
        """Closes one socket, or all."""
        for socket in (
            [self.sockets[sid]] if sid in self.sockets else [] if sid else list(self.sockets.values())
        ):
            socket.close()

    async def shutdown(self) -> None:
        """Ends the timer and every socket."""
        if self._timer is not None:
            self._timer.cancel()
        for socket in list(self.sockets.values()):
            socket.abort()

    async def _every_second(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            now = time.monotonic()
            for socket in list(self.sockets.values()):
                socket.note_flow(now)
                if not socket.authenticated and now - socket.opened >= AUTHENTICATE_SECONDS:
                    log.info("never_authenticated")
                    socket.abort()
                elif now - socket.heard > PING_INTERVAL_SECONDS + PING_TIMEOUT_SECONDS:
                    socket.abort()
                elif now - socket.pinged >= PING_INTERVAL_SECONDS:
                    socket.ping()
