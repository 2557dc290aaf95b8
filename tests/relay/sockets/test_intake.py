"""What arrives in pieces counts with all that the node's sockets hold, and is paced like whole frames."""

import asyncio
import gc
import tracemalloc
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientWebSocketResponse

from relay.admission import user_budgets
from relay.delivery.live import LiveSocket
from relay.delivery.memory import SocketMemory
from relay.delivery.registry import Registry
from relay.heap import give_back
from relay.sockets import unauthenticated
from schema.clock import now_ms
from tests.relay.sockets.test_frame_scanner import CONTINUED, frame
from tests.support.served_engine import Served
from tests.support.until import until

MIB = 1024 * 1024
FRAMES_IN_A_TURN = 32
MOST = 4 * MIB
PIECE = 64 * 1024


def put(socket: ClientWebSocketResponse, data: bytes) -> None:
    """Writes bytes to the network as they are."""
    assert socket._writer is not None
    socket._writer.transport.write(data)


class Live:
    """The live sockets of a node whose memory is bounded by MOST."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self.registry = Registry()
        self.memory = SocketMemory(self.registry, MOST, give_back)

    async def open(self, user: UUID | None = None) -> tuple[ClientWebSocketResponse, LiveSocket]:
        client = await self._served.open()
        wire = list(self._served.engine.sockets.values())[-1]
        socket = LiveSocket(wire, user or uuid4(), 1, uuid4(), now_ms() + 60_000)
        self.registry.add(socket)
        self.memory.watch(socket, wire)
        return client, socket

    @property
    def held(self) -> int:
        return sum(socket.held for socket in self.registry)


@pytest.fixture
def live(served: Served) -> Live:
    return Live(served)


def one_large_frame() -> list[bytes]:
    whole = frame(bytes(900_000))
    return [whole[at : at + PIECE] for at in range(0, 800_000, PIECE)]


def many_fragments() -> list[bytes]:
    return [frame(bytes(PIECE), CONTINUED if at else 2, final=False) for at in range(13)]


@pytest.mark.parametrize("pieces", [one_large_frame, many_fragments])
async def test_threat_12_messages_that_never_end_count_towards_the_bound_of_all_sockets(
    live: Live, pieces: "type[list[bytes]]"
) -> None:
    sockets = []
    for _ in range(8):
        client, socket = await live.open()
        sockets.append(socket)
        for piece in pieces():
            put(client, piece)
            await asyncio.sleep(0)
        await until(lambda s=socket: s.held > 700_000 or any(s.ended for s in sockets))  # type: ignore[misc]
        assert live.held <= MOST + MOST // 64 + 4 * PIECE
    await until(lambda: any(socket.ended for socket in sockets))


async def test_a_frame_of_single_bytes_counts_with_what_its_pieces_cost(live: Live) -> None:
    client, socket = await live.open()
    put(client, frame(bytes(1000))[:100])
    await until(lambda: socket.held >= 100)
    for sent in range(1, 20):
        before = socket.held
        put(client, b"x")
        await until(lambda b=before: socket.held > b)  # type: ignore[misc]
        assert socket.held > 100 + sent * 33


async def test_what_was_taken_is_held_no_longer(live: Live, served: Served) -> None:
    client, socket = await live.open()
    put(client, frame(b"x" * 300, final=False))
    put(client, frame(b"in between", 0x09))
    await until(lambda: socket.held > 300)
    put(client, frame(b"y" * 70_000, CONTINUED))
    await until(lambda: served.frames == [b"x" * 300 + b"y" * 70_000])
    assert socket.held == 0


async def test_threat_13_empty_fragments_are_read_at_the_pace_of_frames(
    live: Live, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_budgets, "FRAMES_AT_ONCE", 10)
    monkeypatch.setattr(user_budgets, "FRAMES_PER_SECOND", 40.0)
    client, _ = await live.open()
    loop = asyncio.get_running_loop()
    began = loop.time()
    put(client, frame(b"x", final=False) + 30 * frame(b"", CONTINUED, final=False) + frame(b"y", CONTINUED))
    await until(lambda: served.frames == [b"xy"], seconds=20)
    assert loop.time() - began > 0.4, "more than twenty frames at forty a second"


async def test_threat_13_frames_that_come_in_one_read_do_not_keep_others_waiting(
    live: Live, served: Served
) -> None:
    client, _ = await live.open()
    at_turn: list[int] = []

    async def others() -> None:
        while len(served.frames) < 900:
            at_turn.append(len(served.frames))
            await asyncio.sleep(0)
        at_turn.append(len(served.frames))

    turns = asyncio.create_task(others())
    put(client, frame(b"x") * 900)
    await until(turns.done)
    assert max(after - before for before, after in pairwise(at_turn)) <= FRAMES_IN_A_TURN


async def test_while_the_budget_is_spent_the_network_holds_the_sender_back(
    live: Live, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_budgets, "FRAMES_AT_ONCE", 1)
    monkeypatch.setattr(user_budgets, "FRAMES_PER_SECOND", 0.001)
    client, socket = await live.open()
    put(client, frame(b"first"))
    put(client, frame(bytes(60_000)) * 300)
    assert client._writer is not None
    other, _ = await live.open()
    put(other, frame(b"other"))
    await until(lambda: b"other" in served.frames)
    await until(lambda: socket.held > 0)
    assert client._writer.transport.get_write_buffer_size() > 0
    assert socket.held < 2 * MIB


async def test_every_piece_of_a_frame_is_a_sign_of_life(live: Live, served: Served) -> None:
    client, _ = await live.open()
    (wire,) = served.engine.sockets.values()
    for piece in one_large_frame()[:3]:
        heard = wire.heard
        put(client, piece)
        await until(lambda h=heard: wire.heard > h)  # type: ignore[misc]


async def test_threat_13_bytes_that_come_with_the_handshake_are_counted(served: Served) -> None:
    host, port = served.address
    reader, writer = await asyncio.open_connection(host, port)
    head = (
        "GET /?EIO=4&transport=websocket HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    writer.write(head.encode() + frame(bytes(8000)) + 2000 * frame(b"", 0x09) + frame(b"last"))
    assert len(2000 * frame(b"", 0x09)) > unauthenticated.BYTES - 8192
    try:
        while await reader.read(65_536):
            pass
    except ConnectionError:
        pass
    await until(lambda: not served.engine.sockets)
    assert served.frames == []
    writer.close()


async def test_threat_12_what_arrived_is_freed_with_its_connection(live: Live, served: Served) -> None:
    tracemalloc.start()
    try:
        client, socket = await live.open()
        before = tracemalloc.get_traced_memory()[0]
        gc.disable()  # it may come late: what waits for it is held
        for piece in one_large_frame():
            put(client, piece)
        await until(lambda: socket.held > 700_000)
        socket.drop()
        await until(lambda: not served.engine.sockets)
        await until(lambda: tracemalloc.get_traced_memory()[0] - before < 400_000)
    finally:
        gc.enable()
        tracemalloc.stop()
