"""The handshake of a node that has no room for further sockets."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from relay.auth.tokens import Claims
from relay.room import Room
from relay.sockets.handshake import Doorkeeper
from relay.sockets.live import LiveSocket
from relay.sockets.registry import Registry
from schema.refusals import Refusal
from tests.support.node_on_board import Wire

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
    doorkeeper = Doorkeeper(everybody.verify, whole, whole, whole, registry, ROOM)

    async def connect(user: UUID) -> LiveSocket:
        wire: Any = Wire(str(uuid4()))
        socket = await doorkeeper.admit(wire, str(user))
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
