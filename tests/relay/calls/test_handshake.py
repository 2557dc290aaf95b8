"""The handshake of a node that has no room for further sockets, or whose servers are away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest

from relay.admission.admission import Admission
from relay.admission.room import Room
from relay.auth.tokens import Claims
from relay.calls import handshake
from relay.calls.handshake import Handshake
from relay.delivery.live import LiveSocket
from relay.delivery.registry import Registry
from schema import functions, servers
from schema.limits import CONNECTIONS, MINUTE, Limit
from schema.link import Link
from schema.refusals import Refusal
from tests.support.node_on_board import Wire
from tests.support.proxy import Proxy

ROOM = Room(calls=1, unauthenticated=1, unauthenticated_per_address=1, live=2)
LATER = 2**50


class Everybody:
    """In place of the log, the limits and the board, which have nothing against anybody; tokens are users."""

    async def verify(self, token: str) -> Claims:
        return Claims(UUID(token), 1, uuid4(), LATER)

    async def mailbox(self, *_who: Any) -> object:
        return self

    async def admit(self, *_event: Any) -> None:
        """Anybody may."""

    async def register(self, *_socket: Any) -> None:
        """Anybody may."""


async def test_a_socket_beyond_the_nodes_room_is_unavailable_and_a_replacement_is_not() -> None:
    everybody, registry = Everybody(), Registry()
    whole: Any = everybody
    handshake = Handshake(everybody.verify, whole, whole, whole, registry, ROOM)

    async def connect(user: UUID) -> LiveSocket:
        wire: Any = Wire(str(uuid4()))
        socket = await handshake.admit(wire, str(user))
        registry.add(socket)
        return socket

    anna, bela, carl = uuid4(), uuid4(), uuid4()
    at_anna = await connect(anna)
    await connect(bela)
    with pytest.raises(Refusal) as refused:
        await connect(carl)
    assert refused.value.code == "unavailable"
    assert refused.value.retry_after_ms
    again = await connect(anna)
    registry.remove(at_anna)
    assert registry.device(anna, 1) is again
    registry.remove(again)
    await connect(carl)


MOST: Limit = Limit(CONNECTIONS, 3, MINUTE, "user", None, "a test")


class SomeAway(Everybody):
    """`away` says what happens at presence; the log and the tokens have nothing against anybody."""

    away: Callable[[], Any] | None = None

    def row(self, _name: str) -> Limit:
        return MOST

    async def register(self, *_socket: Any) -> None:
        if self.away is not None:
            await self.away()


class Door:
    """A handshake whose limits are on a real board."""

    def __init__(self, link: Link, others: SomeAway) -> None:
        self.link, self.others = link, others
        whole: Any = others
        admission = Admission(link, whole, whole.register, lambda *_: None)
        self._handshake = Handshake(others.verify, whole, admission, whole, Registry(), ROOM)

    async def knock(self, user: UUID) -> str:
        """What a connection attempt of `user` comes to."""
        wire: Any = Wire(str(uuid4()))
        try:
            await self._handshake.admit(wire, str(user))
        except Refusal as refusal:
            return refusal.code
        return "in"


@asynccontextmanager
async def door_at(board_url: str, through: str = "") -> AsyncIterator[Door]:
    client = servers.client(board_url)
    await functions.install(client, "relay")
    link = Link(through or board_url, name="board", stall_seconds=0.4)
    await link.start()
    try:
        yield Door(link, SomeAway())
    finally:
        await link.close()
        await client.aclose()


async def unavailable() -> None:
    raise Refusal("unavailable")


async def test_attempts_that_end_unavailable_count_once_and_lock_nobody_out(board_url: str) -> None:
    async with door_at(board_url) as door:
        anna = uuid4()
        door.others.away = unavailable
        assert [await door.knock(anna) for _ in range(5)] == ["unavailable"] * 5
        door.others.away = None
        assert [await door.knock(anna) for _ in range(4)] == ["in", "in", "in", "rate_limited"]


async def test_attempts_that_the_board_counted_without_an_answer_lock_nobody_out(board_url: str) -> None:
    async with Proxy.before(board_url) as proxy, door_at(board_url, proxy.url) as door:
        anna = uuid4()
        for _ in range(5):
            async with asyncio.timeout(10):
                await door.link.connected.wait()
            proxy.half_open()
            assert await door.knock(anna) == "unavailable"
            proxy.mend()
        async with asyncio.timeout(10):
            await door.link.connected.wait()
        assert [await door.knock(anna) for _ in range(4)] == ["in", "in", "in", "rate_limited"]


async def test_attempts_of_two_devices_at_once_never_count_as_one(board_url: str) -> None:
    async with door_at(board_url) as door:
        anna = uuid4()
        door.others.away = unavailable
        assert await door.knock(anna) == "unavailable"
        door.others.away = None
        assert sorted(await asyncio.gather(*(door.knock(anna) for _ in range(4)))) == [
            "in", "in", "in", "rate_limited",
        ]  # fmt: skip


async def test_attempts_are_bounded_while_the_relay_refuses_them_itself(board_url: str) -> None:
    async with door_at(board_url) as door:
        anna = uuid4()
        door.others.away = unavailable
        codes = [await door.knock(anna) for _ in range(12)]
        assert codes[-1] == "rate_limited"
        assert set(codes) == {"unavailable", "rate_limited"}


async def test_a_board_that_answers_no_registration_is_unavailable_in_time(
    board_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "ASKING_SECONDS", 0.1)
    async with door_at(board_url) as door, asyncio.timeout(10):
        door.others.away = asyncio.Event().wait
        assert await door.knock(uuid4()) == "unavailable"
