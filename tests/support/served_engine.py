"""The lean engine by itself on a port, without tokens: tests say which sockets have authenticated."""

from contextlib import AsyncExitStack
from functools import partial

from aiohttp import ClientSession, ClientWebSocketResponse, web

from relay.http import problems
from relay.sockets.engine import LeanEngine
from tests.support.relay import ROOM, serve


class Served:
    """An engine on a port; `frames` is what came."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.engine = LeanEngine(
            origin_allowed=lambda _: True, address_of=lambda _: "a", room=ROOM, async_mode="aiohttp"
        )
        self.engine.on("connect", self._connected)
        self.engine.on("message", self._message)
        self.engine.on("disconnect", self._disconnected)
        self._stack = AsyncExitStack()

    async def _connected(self, _sid: str, _environ: object) -> None:
        """Anybody may."""

    async def _message(self, _sid: str, data: bytes) -> None:
        self.frames.append(data)

    async def _disconnected(self, _sid: str, _reason: str) -> None:
        """Anybody may."""

    async def begin(self) -> None:
        app = web.Application()
        app.router.add_get("/", partial(problems.answered, self.engine.handle_request))
        self._url = await serve(self._stack, app)
        self._http = await self._stack.enter_async_context(ClientSession())

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        _, host, port = self._url.replace("/", "").split(":")
        return host, int(port)

    async def open(self) -> ClientWebSocketResponse:
        """A socket that has authenticated."""
        socket = await self.open_unauthenticated()
        for wire in self.engine.sockets.values():
            wire.authenticate()
        return socket

    async def open_unauthenticated(self) -> ClientWebSocketResponse:
        socket = await self._http.ws_connect(f"{self._url}/?EIO=4&transport=websocket")
        assert (await socket.receive_str()).startswith("0{")
        self._stack.push_async_callback(socket.close)
        return socket

    async def close(self) -> None:
        await self.engine.shutdown()
        await self._stack.aclose()
