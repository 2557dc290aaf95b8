"""All sockets of a node hold a bounded number of bytes together: connections whose clients do not read."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from relay.delivery.live import BUFFERED_BYTES, LiveSocket
from relay.delivery.memory import FREE_SHARE, LOOK_SHARE, SocketMemory
from relay.delivery.registry import Registry
from relay.sockets.intake import Intake
from relay.sockets.lean_socket import LeanSocket
from schema.clock import now_ms
from schema.events import EnvelopeAccepted

MIB = 1024 * 1024
MOST = 16 * MIB
PIECE = b"x" * 65_536


class Unread:
    """A node's sockets, and clients that read nothing."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.given_back = 0
        self.memory = SocketMemory(self.registry, MOST, self._give_back)
        self._accepted: asyncio.Queue[Any] = asyncio.Queue()
        self._ends: list[asyncio.StreamWriter] = []

    def _give_back(self) -> None:
        self.given_back += 1

    async def begin(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.append(writer)
        await self._accepted.put(writer)

    async def socket(self, user: UUID, device: int = 1) -> LiveSocket:
        _, client = await asyncio.open_connection("127.0.0.1", self._port)
        client.transport.pause_reading()  # type: ignore[attr-defined]
        self._ends.append(client)
        unused: Any = None
        intake = Intake(unused, unused)
        wire = LeanSocket(str(uuid4()), unused, (await self._accepted.get()).transport, unused, intake)
        socket = LiveSocket(wire, user, device, uuid4(), now_ms() + 60_000)
        self.registry.add(socket)
        self.memory.watch(socket, wire)
        return socket

    @property
    def held(self) -> int:
        return sum(socket.held for socket in self.registry)

    async def fill(self, socket: LiveSocket, size: int) -> None:
        """Writes until the socket holds that much, whatever the network takes."""
        while socket.held < size and not socket.ended:
            socket.emit("ephemeral", PIECE)
            await asyncio.sleep(0)
            assert self.held <= MOST + MOST // LOOK_SHARE + 2 * len(PIECE)

    async def close(self) -> None:
        for end in self._ends:
            end.transport.abort()
        self._server.close()
        await self._server.wait_closed()


@pytest.fixture
async def unread() -> AsyncIterator[Unread]:
    made = Unread()
    await made.begin()
    yield made
    await made.close()


def pushed(user: UUID, size: int) -> EnvelopeAccepted:
    return EnvelopeAccepted(
        user=user,
        device=1,
        at=1,
        id=uuid4(),
        from_user=uuid4(),
        from_device=1,
        kind="message",
        body=bytes(size),
    )


async def test_threat_12_the_user_who_holds_most_is_cut_first_and_the_bound_holds(unread: Unread) -> None:
    anna, bela, carla = uuid4(), uuid4(), uuid4()
    small, single = await unread.socket(anna), await unread.socket(bela)
    many = [await unread.socket(carla, device) for device in range(1, 6)]
    await unread.fill(small, MIB)
    await unread.fill(single, 4 * MIB)
    for socket in many:
        await unread.fill(socket, 3 * MIB)
    assert not small.ended
    assert not single.ended, "the largest socket, but not the user who holds most"
    assert any(socket.ended for socket in many)
    assert unread.held <= MOST


async def test_the_kernel_holds_little_of_what_a_client_does_not_read(unread: Unread) -> None:
    socket = await unread.socket(uuid4())
    for _ in range(64):
        socket.emit("ephemeral", PIECE)
        await asyncio.sleep(0)
    assert socket.held > 3 * MIB


async def test_no_more_is_cut_than_frees_an_eighth(unread: Unread) -> None:
    sockets = [await unread.socket(uuid4()) for _ in range(12)]
    for number, socket in enumerate(sockets):
        await unread.fill(socket, MIB + number * 64 * 1024)
    cut = [socket for socket in sockets if socket.ended]
    assert cut
    assert unread.held >= MOST - MOST // FREE_SHARE - 2 * MIB


async def test_pushes_that_are_remembered_are_forgotten_before_anybody_is_cut(unread: Unread) -> None:
    users = [uuid4() for _ in range(20)]
    sockets = [await unread.socket(user) for user in users]
    for user, socket in zip(users, sockets, strict=True):
        for seq in range(1, 5):
            socket.push(seq, pushed(user, BUFFERED_BYTES // 5))
    assert not any(socket.ended for socket in sockets)
    assert unread.held <= MOST
    assert sockets[0].remembered(1) is None


async def test_a_push_that_comes_twice_is_counted_once(unread: Unread) -> None:
    user = uuid4()
    socket = await unread.socket(user)
    for _ in range(2):
        socket.push(1, pushed(user, 1000))
    held = socket.held
    assert socket.remembered(1) is not None
    assert socket.remembered(1) is None
    assert held > 0
    assert socket.held == 0


async def test_the_sockets_of_one_user_share_their_budgets(unread: Unread) -> None:
    anna = uuid4()
    first, second = await unread.socket(anna, 1), await unread.socket(anna, 2)
    assert first.budgets is second.budgets
    unread.registry.remove(first)
    again = await unread.socket(anna, 1)
    assert again.budgets is second.budgets
    assert (await unread.socket(uuid4())).budgets is not second.budgets


async def test_memory_goes_back_to_the_system_once_the_sockets_hold_less(unread: Unread) -> None:
    sockets = [await unread.socket(uuid4()) for _ in range(2)]
    for socket in sockets:
        await unread.fill(socket, MOST // FREE_SHARE)
    await unread.memory.settle()
    assert unread.given_back == 0, "they still hold it"
    for socket in sockets:
        socket.drop()
    await unread.memory.settle()
    await unread.memory.settle()
    assert unread.given_back == 1


async def test_what_was_held_and_let_go_between_two_turns_goes_back_when_the_bound_was_reached(
    unread: Unread,
) -> None:
    sockets = [await unread.socket(uuid4()) for _ in range(9)]
    for socket in sockets:
        await unread.fill(socket, 2 * MIB)
    for socket in sockets:
        socket.drop()
    await unread.memory.settle()
    assert unread.given_back == 1


async def test_a_little_less_is_not_worth_the_time(unread: Unread) -> None:
    socket = await unread.socket(uuid4())
    await unread.fill(socket, MOST // FREE_SHARE // 2)
    await unread.memory.settle()
    socket.drop()
    await unread.memory.settle()
    assert unread.given_back == 0
