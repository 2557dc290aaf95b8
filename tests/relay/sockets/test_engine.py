"""The lean engine by itself: how fast it reads, and how it learns what a client has received."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, web

from relay.sockets import engine
from relay.sockets.engine import LeanEngine
from tests.support.relay import serve
from tests.support.until import until


class Served:
    """An engine on a port; `frames` is what came."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.engine = LeanEngine(origin_allowed=lambda _: True, async_mode="aiohttp")
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

    async def open(self) -> ClientWebSocketResponse:
        app = web.Application()
        app.router.add_get("/", self.engine.handle_request)
        url = await serve(self._stack, app)
        http = await self._stack.enter_async_context(ClientSession())
        socket = await http.ws_connect(f"{url}/?EIO=4&transport=websocket")
        assert (await socket.receive_str()).startswith("0{")
        self._stack.push_async_callback(socket.close)
        return socket

    async def close(self) -> None:
        await self.engine.shutdown()
        await self._stack.aclose()


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    made = Served()
    yield made
    await made.close()


async def test_threat_13_a_flood_of_frames_is_read_at_a_bounded_pace_and_in_order(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "FRAMES_AT_ONCE", 10)
    monkeypatch.setattr(engine, "FRAMES_PER_SECOND", 40.0)
    socket = await served.open()
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(30):
        await socket.send_bytes(b"%d" % number)
    await until(lambda: len(served.frames) == 30, seconds=20)
    assert loop.time() - began > 0.4, "twenty of them at forty a second"
    assert served.frames == [b"%d" % number for number in range(30)]


async def test_a_large_frame_counts_more(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "FRAMES_AT_ONCE", 10)
    monkeypatch.setattr(engine, "FRAMES_PER_SECOND", 40.0)
    socket = await served.open()
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(2):
        await socket.send_bytes(b"x" * (14 * engine.BYTES_PER_UNIT))
    await until(lambda: len(served.frames) == 2, seconds=20)
    assert loop.time() - began > 0.4


async def test_what_was_written_has_arrived_when_the_ping_behind_it_is_answered(served: Served) -> None:
    socket = await served.open()
    (wire,) = served.engine.sockets.values()
    arrived: list[str] = []
    await socket.send_str("3")  # an answer to nothing
    await socket.send_bytes(b"mark")
    await until(lambda: served.frames == [b"mark"])
    for name in ("first", "second"):
        wire.write(name)
        wire.when_received(lambda name=name: arrived.append(name))  # type: ignore[misc]
    assert [await socket.receive_str() for _ in range(4)] == ["first", "2", "second", "2"]
    assert arrived == []
    await socket.send_str("3")
    await until(lambda: arrived == ["first"])
    await socket.send_str("3")
    await until(lambda: arrived == ["first", "second"])
