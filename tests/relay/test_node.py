"""A node's loops: they run for ever or the node says that it failed; the heartbeat fills an empty board."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from relay.inbox_reader import InboxReader
from relay.link import Link
from relay.node import Node
from relay.presence import Presence
from relay.sockets.live import LiveSocket
from relay.sockets.registry import Registry
from schema import functions, keys, servers, tasks
from schema.clock import now_ms
from tests.support.until import until


class Wire:
    """A connection that takes everything; `presence` is what it was told of others."""

    unsent = 0

    def __init__(self, sid: str) -> None:
        self.sid = sid
        self.presence: list[tuple[str, bool]] = []

    def write(self, data: bytes) -> None:
        event, payload = msgspec.msgpack.decode(data)["data"]
        if event == "presence":
            self.presence.append((payload["user_id"], payload["online"]))


class CatchUps:
    """Nobody is owed anything here."""

    def start(self, socket: LiveSocket) -> None:
        """It would read the mailbox."""


class Running:
    """A node without its servers for sockets and HTTP, on a real board."""

    def __init__(self, board_url: str) -> None:
        self.client = servers.client(board_url)
        self.link = Link(board_url, name="board")
        self.registry = Registry()
        self.presence = self._presence("0")
        unused: Any = None  # nobody connects and nothing is drained here
        idle: Any = CatchUps()
        self.inbox_link = Link(board_url, name="inbox")
        inbox = InboxReader(self.inbox_link, "0", self.registry, idle, now_ms)
        self.node = Node(
            server=unused, registry=self.registry, calls=unused, catch_up=idle, presence=self.presence,
            inbox=inbox, now=now_ms,
        )  # fmt: skip

    def _presence(self, name: str) -> Presence:
        return Presence(self.link, name, lambda: functions.install(self.client, "relay"))

    async def connect(self, user: UUID, *watched: UUID) -> Wire:
        """A socket of the user's device 1 that watches others, as the calls would set it up."""
        wire: Any = Wire(f"s{user}")
        socket = LiveSocket(wire, user, 1, uuid4(), now_ms() + 60_000)
        self.registry.add(socket)
        await self.presence.register(user, 1, socket.id)
        socket.watched = frozenset(watched)
        await self.presence.watch(user, 1, socket.id, watched)
        return wire  # type: ignore[no-any-return]

    async def elsewhere(self, user: UUID, *watched: UUID) -> None:
        """A socket on another node, which ends without a word."""
        other = self._presence("1")
        await other.heartbeat()
        await other.register(user, 1, "there")
        await other.watch(user, 1, "there", watched)


@asynccontextmanager
async def running(board_url: str) -> AsyncIterator[Running]:
    made = Running(board_url)
    await made.link.start()
    await made.inbox_link.start()
    try:
        yield made
    finally:
        await tasks.end(made.node._loops)
        await made.link.close()
        await made.inbox_link.close()
        await made.client.aclose()


async def test_a_loop_that_ends_by_a_bug_is_not_passed_over(board_url: str) -> None:
    healthy = asyncio.Event()

    async def broken() -> None:
        await healthy.wait()
        raise ZeroDivisionError

    async with running(board_url) as made:
        await made.node.start(broken())
        await asyncio.sleep(0.05)
        assert not made.node.failed.is_set()
        healthy.set()
        async with asyncio.timeout(5):
            await made.node.failed.wait()


async def test_a_board_that_came_back_empty_gets_the_lists_and_its_watchers_who_went_meanwhile(
    board_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.node.HEARTBEAT_SECONDS", 0.05)
    anna, bela, carl = uuid4(), uuid4(), uuid4()
    async with running(board_url) as made:
        await made.node.start()
        at_anna = await made.connect(anna, bela, carl)
        await made.connect(bela, anna)
        await made.elsewhere(carl, anna)
        await until(lambda: len(at_anna.presence) == 2)
        at_anna.presence.clear()
        await made.client.flushall()
        await until(lambda: (str(carl), False) in at_anna.presence)
        await until(lambda: (str(bela), True) in at_anna.presence)
        assert at_anna.presence[-1] == (str(bela), True)
        assert await made.client.hkeys(keys.watch(bela)) == [str(anna).encode()]
        assert set(await made.client.smembers(keys.watch_of(anna, 1))) == {
            str(u).encode() for u in (bela, carl)
        }
