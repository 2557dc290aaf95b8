"""A node without its servers for sockets and HTTP, on a real board: its loops, and sockets set up by hand."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, Self
from uuid import UUID, uuid4

import msgspec

from relay.delivery.inbox_reader import InboxReader
from relay.delivery.live import LiveSocket
from relay.delivery.presence import Presence
from relay.delivery.registry import Registry
from relay.node import Node
from schema import functions, servers, tasks
from schema.clock import now_ms
from schema.link import Link
from schema.refusals import Refusal
from workers.rate_limiter.evictions import Evictions


class Wire:
    """A connection that takes everything; `presence` is what it was told of others, `ended` why it ended."""

    unsent = 0
    room = 1 << 30

    def __init__(self, sid: str) -> None:
        self.sid = sid
        self.presence: list[tuple[UUID, bool]] = []
        self.passed: list[bytes] = []
        self.ended = ""

    def write(self, data: bytes) -> None:
        event, payload = msgspec.msgpack.decode(data).get("data", ("disconnect", None))
        if event == "presence":
            self.presence.append((UUID(payload["user_id"]), payload["online"]))
        elif event == "ephemeral":
            self.passed.append(payload["body"])
        elif event == "session.ended":
            self.ended = payload["reason"]

    def close(self) -> None:
        """Nobody is here to be called back."""


class CatchUps:
    """Nobody is owed anything here; `begun` are the users whose mailbox would be read."""

    def __init__(self) -> None:
        self.begun: list[UUID] = []

    def start(self, socket: LiveSocket) -> None:
        self.begun.append(socket.user)

    def start_all(self, sockets: Iterable[LiveSocket]) -> None:
        for socket in sockets:
            self.start(socket)


class NodeOnBoard:
    """The node "0", whose links may go through a proxy, and "1", which always reaches the board."""

    def __init__(self, board_url: str, link_url: str) -> None:
        self.client = servers.client(board_url)
        self.links = [Link(url, name=name) for name, url in (("board", link_url), ("other", board_url))]
        self.inbox_link = Link(link_url, name="inbox")
        self.presence, self.other = (
            Presence(link, name, lambda: functions.install(self.client, "relay"))
            for name, link in zip("01", self.links, strict=True)
        )
        self.registry = Registry()
        self.catch_ups = CatchUps()
        unused: Any = None  # nobody connects and nothing is drained here
        catch_up: Any = self.catch_ups
        inbox = InboxReader(self.inbox_link, "0", self.registry, catch_up, now_ms)
        self.node = Node(
            server=unused, registry=self.registry, calls=unused, catch_up=catch_up, presence=self.presence,
            inbox=inbox, now=now_ms,
        )  # fmt: skip

    @classmethod
    @asynccontextmanager
    async def at(cls, board_url: str, link_url: str | None = None) -> AsyncIterator[Self]:
        """Its links are open; a test starts it."""
        made = cls(board_url, link_url or board_url)
        links = [*made.links, made.inbox_link]
        for link in links:
            await link.start()
        try:
            yield made
        finally:
            await tasks.end(made.node._loops)
            for link in links:
                await link.close()
            await made.client.aclose()

    async def connect(self, user: UUID, *watched: UUID) -> Wire:
        """A socket of the user's device 1 that watches others, as the calls would set it up."""
        wire: Any = Wire(f"s{user}")
        socket = LiveSocket(wire, user, 1, uuid4(), now_ms() + 60_000)
        self.registry.add(socket)
        await self.presence.register(user, 1, socket.id)
        socket.watched = frozenset(watched)
        for other in await self.presence.watch(user, 1, socket.id, watched):
            socket.note_presence(other, online=True)
        return wire  # type: ignore[no-any-return]

    async def leave(self, user: UUID) -> None:
        """The user's socket closes, as the server would see it."""
        socket = self.registry.device(user, 1)
        assert socket is not None
        socket.ended = True
        self.registry.remove(socket)
        with suppress(Refusal):
            await self.presence.unregister(user, 1, socket.id)

    async def elsewhere(self, user: UUID, *watched: UUID) -> None:
        """A socket on the other node."""
        await self.other.heartbeat()
        await self.other.register(user, 1, "there")
        await self.other.watch(user, 1, "there", watched)

    async def evict(self, user: UUID) -> None:
        """What the rate-limiter does to who keeps hitting a limit."""
        log_client: Any = None  # it reads no refusals here
        await Evictions(self.client, log_client)._evict(user)
