"""Two nodes, a device and a pusher on real servers. Each answer of the log arrives when a test lets it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Self
from uuid import UUID, uuid4

import msgspec

from relay.database import Database, transaction
from relay.delivery.board_registration import BoardRegistration
from relay.delivery.catch_up import CatchUp
from relay.delivery.hand_over import HandOver
from relay.delivery.inbox_reader import InboxReader
from relay.delivery.live import LiveSocket
from relay.delivery.presence import Presence
from relay.delivery.registry import Registry
from relay.log.mailbox_log import MailboxLog
from schema import codec, functions, keys, servers, tasks
from schema.clock import now_ms
from schema.events import EnvelopeAccepted
from schema.link import Link
from schema.wire_socket import OutgoingEnvelope, Send
from tests.mailbox.held_link import HeldLink
from workers.pusher.routing import push_of, route


class Wire:
    """A connection: numbers and bodies that went out, in order; `gone` once it was closed or cut."""

    unsent = incoming = 0
    room = 1 << 30

    def __init__(self) -> None:
        self.sid = uuid4().hex
        self.numbers: list[int] = []
        self.bodies: list[bytes] = []
        self.gone = False

    def write(self, data: bytes) -> None:
        event, payload = msgspec.msgpack.decode(data).get("data", ("disconnect", None))
        if event == "envelopes":
            self.numbers += [envelope["seq"] for envelope in payload]
            self.bodies += [envelope["body"] for envelope in payload]

    def close(self) -> None:
        self.gone = True

    abort = close


class CrossingNode:
    """A node without its servers: `wire` is the connection of the device that it registered last."""

    def __init__(self, house: "CrossingHouse", name: str) -> None:
        self.house = house
        self.name = name
        self.held = HeldLink(house.log_link)
        self.registry = Registry()
        self.presence = Presence(house.board_link, name, house.install_board)
        self.log = MailboxLog(
            self.held, partitions=1, capacity=1000, install=house.install_log, now=now_ms,
            serving=self.presence.serving,
        )  # fmt: skip
        self.catch_up = CatchUp(self.log, house.database, uuid4())
        self.hand_over = HandOver(self.registry, self.catch_up, now_ms)
        unused: Any = None
        self.inbox = InboxReader(unused, name, self.registry, self.catch_up, now_ms)
        self.board = BoardRegistration(self.presence, self.registry, self.inbox)
        self.sends: list[asyncio.Future[Any]] = []
        self.registered: Wire | None = None

    async def register(self) -> None:
        """A connection of the device is on the board, and not in the registry yet."""
        self.registered = self.house.newest = Wire()
        self.house.wires.append(self.registered)
        await self.presence.register(self.house.user, 1, self.registered.sid)

    async def enter(self) -> None:
        """It is in the registry, and begins to catch up."""
        wire: Any = self.registered
        if wire is None:
            return
        self.registered = None
        socket = LiveSocket(wire, self.house.user, 1, uuid4(), now_ms() + 60_000)
        older = self.registry.add(socket)
        if older is not None:
            older.end("replaced")
        self.catch_up.start(socket)

    async def connect(self) -> Wire:
        """A connection of the device, live."""
        await self.register()
        wire = self.registered
        assert wire is not None
        await self.enter()
        socket = self.registry.device(self.house.user, 1)
        assert socket is not None
        while not socket.live and not wire.gone:
            await self.held.answer()
            await asyncio.sleep(0.001)
            await self.house.project()
        return wire

    async def send(self, *, again: bool = False) -> None:
        """Somebody writes, or makes the last send again with another body; the log has it, the node does not
        know."""
        again = again and self.house.last is not None
        if not again or self.house.last is None:
            self.house.last = uuid4()
        body = b"sealed again" if again else b"sealed"
        send = Send(self.house.last, self.house.user, [OutgoingEnvelope(1, 7, "message", body)])
        future = self.log.accept(self.house.sender, 1, send, now_ms())
        future.add_done_callback(partial(self._answered, send))
        self.sends.append(future)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await self.held.done()

    def _answered(self, send: Send, done: "asyncio.Future[Any]") -> None:
        if done.exception() is None:
            self.hand_over.accepted(self.house.sender, 1, send, done.result())

    async def end(self) -> None:
        """Its connections and whatever it waits for end."""
        for socket in self.registry:
            socket.drop()
        await self.catch_up.close()
        await tasks.end(self.log._running)

    async def hear(self) -> None:
        """The node reads its inbox."""
        after = self.inbox._position
        rows = await self.house.board.xrange(
            keys.inbox(self.name), "-" if after == b"0" else b"(" + after, "+"
        )
        entries = [
            [position, [part for pair in fields.items() for part in pair]] for position, fields in rows
        ]
        self.inbox.deliver(entries)


class CrossingHouse:
    """`newest`: the device's live connection on the board; `wires`: all its connections; `last`: the id of
    the message that was sent last."""

    def __init__(self, log: Any, board: Any, log_link: Link, board_link: Link, database: Database) -> None:
        self.log, self.board = log, board
        self.log_link, self.board_link = log_link, board_link
        self.database = database
        self.sender = uuid4()
        self._names = 0

    @classmethod
    @asynccontextmanager
    async def on(cls, log_url: str, board_url: str, database_url: str) -> AsyncIterator[Self]:
        """With both nodes alive."""
        log, board = servers.client(log_url), servers.client(board_url)
        await board.flushall()
        await log.flushall()
        for client in (log, board):
            for package in functions.PACKAGES:
                await functions.install(client, package)
        log_link, board_link = Link(log_url, name="log"), Link(board_url, name="board")
        await log_link.start()
        await board_link.start()
        async with Database(database_url) as database:
            house = cls(log, board, log_link, board_link, database)
            yield house
        for one in (log_link, board_link):
            await one.close()
        for client in (log, board):
            await client.aclose()

    async def begin(self) -> None:
        """A new device and new nodes; nothing is in the log."""
        self.user = uuid4()
        self.newest: Wire | None = None
        self.last: UUID | None = None
        self.wires: list[Wire] = []
        self._routed = self._projected = b"-"
        await self.log.delete(keys.log(0))
        await self.log.hset(keys.user(0, self.user), mapping={"i": b"\x05identity", "r1": 7})
        self.nodes = [await self.node(), await self.node()]

    async def end(self) -> None:
        """The nodes end."""
        for node in self.nodes:
            await node.end()

    async def install_log(self) -> None:
        await functions.install(self.log, "relay")

    async def install_board(self) -> None:
        await functions.install(self.board, "relay")

    async def node(self) -> CrossingNode:
        self._names += 1
        node = CrossingNode(self, f"n{self._names}")
        await node.board.begin()
        return node

    async def kill(self, number: int) -> None:
        """The node ends with its connections, and another takes its place. The board does not know."""
        killed = self.nodes[number]
        if killed.registered is not None:
            killed.registered.close()
        await killed.end()
        self.nodes[number] = await self.node()

    async def route(self) -> None:
        """The pusher reads on and routes."""
        rows = await self._rows(self._routed)
        pushes = [push for _, fields in rows if (push := push_of(fields)) is not None]
        await route(partial(functions.call, self.board, "workers"), pushes)
        self._routed = rows[-1][0] if rows else self._routed

    async def project(self) -> None:
        """The projector writes what it has not yet."""
        for position, fields in await self._rows(self._projected):
            event, seq = codec.decode_entry(fields)
            if isinstance(event, EnvelopeAccepted) and event.user == self.user:
                await self._hold(event, seq)
            self._projected = position

    async def head(self) -> int:
        """The mailbox's last number."""
        return int(await self.log.hget(keys.user(0, self.user), "h1") or 0)

    async def settle(self) -> None:
        """Everything under way comes to its end; pusher and projector have done their work."""
        for node in self.nodes:
            node.held.stick_next, node.held.flows = False, True
            await node.held.arrive()
            await node.held.answer_all()
            await node.enter()
            await asyncio.gather(*node.sends, return_exceptions=True)
        for _ in range(2):  # a beat may reveal what the next round does
            for node in self.nodes:
                await node.board.beat()
            await self.project()
            await self.route()
            for node in self.nodes:
                await node.hear()

    async def _rows(self, after: bytes) -> Any:
        return await self.log.xrange(keys.log(0), after if after == b"-" else b"(" + after, "+")

    async def _hold(self, event: EnvelopeAccepted, seq: int) -> None:
        async with transaction(self.database) as connection:
            await connection.execute(
                "INSERT INTO envelopes VALUES (%s, 1, %s, %s, %s, 1, 'message', %s, %s)",
                (self.user, seq, event.id, event.from_user, event.body, event.at),
            )
