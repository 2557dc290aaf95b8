"""python-socketio's server over the lean engine: connect, events and disconnect, one namespace."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import socketio
import structlog
from aiohttp import web
from socketio import packet
from socketio.exceptions import ConnectionRefusedError as SocketRefused

from relay import metrics
from relay.auth.revocation import SessionEnd
from relay.calls.dispatch import Calls
from relay.calls.handshake import Handshake
from relay.delivery.catch_up import CatchUp
from relay.delivery.live import LiveSocket
from relay.delivery.memory import SocketMemory
from relay.delivery.presence import Presence
from relay.delivery.registry import Registry
from relay.sockets.engine import LeanEngine
from relay.sockets.lean_socket import LeanSocket
from relay.sockets.packet import MessagePackPacket, auth_token, client_event
from schema.failures import DATABASE_AWAY
from schema.refusals import Refusal
from schema.wire_socket import Connected

log = structlog.get_logger(__name__)


class RelayServer(socketio.AsyncServer):  # type: ignore[misc]
    """Takes what python-socketio decodes to the relay's own objects.

    `_handle_eio_message` is overridden because the stock one takes packets that no client of this contract
    sends, and makes a task per event; `_send_packet` because the answer to CONNECT also names the log.
    """

    def __init__(
        self,
        handshake: Handshake,
        calls: Calls,
        catch_up: CatchUp,
        presence: Presence,
        registry: Registry,
        session_end: Callable[[UUID], SessionEnd | None],
        log_id: UUID,
        memory: SocketMemory,
        **engine_options: Any,
    ) -> None:
        super().__init__(serializer=MessagePackPacket, namespaces=["/"], logger=False, **engine_options)
        self._handshake = handshake
        self._calls = calls
        self._catch_up = catch_up
        self._presence = presence
        self._registry = registry
        self._session_end = session_end
        self._log_id = str(log_id)
        self._memory = memory
        self._farewells: set[asyncio.Task[None]] = set()
        self.draining = False
        self.on("connect", self._connected)
        self.on("disconnect", self._disconnected)

    def _engineio_server_class(self) -> type[LeanEngine]:
        return LeanEngine

    async def handle_request(self, request: web.Request) -> web.StreamResponse:
        """The endpoint `/socket.io/`."""
        response: web.StreamResponse = await self.eio.handle_request(request)
        return response

    async def _handle_eio_message(self, eio_sid: str, data: bytes) -> None:
        """One packet; raises ValueError for what is none, or not one of these. Before CONNECT, only that."""
        arrived = self.packet_class(encoded_packet=data)
        if arrived.packet_type == packet.CONNECT:
            await self._handle_connect(eio_sid, arrived.namespace, auth_token(arrived.data))
        elif (socket := self._registry.get(eio_sid)) is None:
            raise ValueError("not a CONNECT")
        elif arrived.packet_type == packet.EVENT:
            event = client_event(arrived.data)
            self._calls.dispatch(socket, event.name, event.payload, arrived.id)
        elif arrived.packet_type == packet.DISCONNECT:
            await self._handle_disconnect(eio_sid, arrived.namespace, self.reason.CLIENT_DISCONNECT)
        else:
            raise ValueError("not a packet of a client")

    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: Any) -> None:
        wire: LeanSocket | None = self.eio.sockets.get(eio_sid)
        if wire is None or self._registry.get(eio_sid) is not None:
            raise ValueError("a second CONNECT")
        await super()._handle_connect(eio_sid, namespace, data)
        socket = self._registry.get(eio_sid)
        if socket is None:
            wire.close()  # refused: the answer is written, the connection has no further use
        elif (reason := self._session_end(socket.session)) is not None:
            socket.end(reason)  # during the handshake: the registry did not have it yet
        elif not socket.ended:
            self._catch_up.start(socket)

    async def _send_packet(self, eio_sid: str, pkt: packet.Packet) -> None:
        if pkt.packet_type == packet.CONNECT:
            pkt.data = msgspec.to_builtins(Connected(pkt.data["sid"], self._log_id))
        await super()._send_packet(eio_sid, pkt)

    async def _handle_disconnect(self, eio_sid: str, namespace: str | None, reason: Any = None) -> None:
        await super()._handle_disconnect(eio_sid, namespace, reason)
        if (wire := self.eio.sockets.get(eio_sid)) is not None:
            wire.close()  # a client that disconnected has no further use for it

    async def _connected(self, sid: str, _environ: dict[str, Any], token: str | None) -> None:
        eio_sid = self.manager.eio_sid_from_sid(sid, "/")
        wire: LeanSocket = self.eio.sockets[eio_sid]
        try:
            if self.draining:
                raise Refusal("unavailable", "This node is shutting down.", retry_after_ms=1000)
            socket = await self._handshake.admit(wire, token)
        except Refusal as refusal:
            raise _refused(refusal) from refusal
        except DATABASE_AWAY as error:  # a token may name a signing key that this node has yet to read
            log.warning("server_away", error=type(error).__name__)
            raise _refused(Refusal("unavailable", retry_after_ms=1000)) from error
        except Exception:
            log.exception("handshake_failed")
            raise SocketRefused("Something went wrong on the server", {"code": "internal"}) from None
        if wire.closed:
            self._forget(socket)
            return
        wire.authenticate()
        older = self._registry.add(socket)
        wire.frames = socket.budgets.frames
        self._memory.watch(socket, wire)
        metrics.SOCKETS.set(len(self._registry))
        if older is not None:
            older.end("replaced")

    async def _disconnected(self, sid: str, _reason: str) -> None:
        socket = self._registry.get(self.manager.eio_sid_from_sid(sid, "/"))
        if socket is not None:
            socket.ended = True
            self._registry.remove(socket)
            metrics.SOCKETS.set(len(self._registry))
            self._forget(socket)

    def _forget(self, socket: LiveSocket) -> None:
        task = asyncio.get_running_loop().create_task(self._unregister(socket))
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)

    async def _unregister(self, socket: LiveSocket) -> None:
        try:
            await self._presence.unregister(socket.user, socket.device, socket.id)
        except Refusal:
            log.info("unregister_delayed")  # the board is away; the next heartbeat unregisters it


def _refused(refusal: Refusal) -> SocketRefused:
    metrics.REFUSALS.labels(refusal.code, "handshake").inc()
    return SocketRefused(refusal.detail, {"code": refusal.code, **refusal.members()})
