"""What the inbox's entries do to a socket."""

from typing import Any
from uuid import uuid4

from relay.inbox_reader import InboxReader
from relay.sockets.live import LiveSocket
from relay.sockets.registry import Registry
from schema import codec
from schema.clock import now_ms
from schema.events import EnvelopesExpired


class Wire:
    """A connection that takes everything."""

    sid = "s"
    unsent = 0

    def write(self, data: bytes | str) -> None:
        """It went out."""


class CatchUps:
    """Notes who was asked to catch up."""

    def __init__(self) -> None:
        self.started: list[LiveSocket] = []

    def start(self, socket: LiveSocket) -> None:
        self.started.append(socket)

    def tell_expired(self, socket: LiveSocket, upto: int, count: int) -> None:  # noqa: ARG002 - the real one's shape
        socket.told_floor = upto


def test_what_expires_makes_room_for_what_waits() -> None:
    wire: Any = Wire()
    socket = LiveSocket(wire, uuid4(), 1, uuid4(), now_ms() + 60_000)
    for seq in range(1, 257):
        socket.delivery.offer(seq, 10)
    assert socket.delivery.room == 0
    registry, catch_ups = Registry(), CatchUps()
    registry.add(socket)
    unused: Any = None
    noting: Any = catch_ups
    reader = InboxReader(unused, "0", registry, noting, now_ms)
    event = EnvelopesExpired(user=socket.user, device=1, at=now_ms(), count=256)
    reader.take([[b"1-0", [b"c", b"1", b"x:256", codec.encode(event)]]])
    assert socket.delivery.room == 256
    assert catch_ups.started == [socket]
