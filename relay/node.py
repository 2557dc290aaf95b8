"""A running node: its sockets, its loops, and how it drains."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

import structlog

from relay import metrics
from relay.catch_up import CatchUp
from relay.inbox_reader import InboxReader
from relay.presence import HEARTBEAT_SECONDS, Presence
from relay.sockets.calls import Calls
from relay.sockets.live import LiveSocket
from relay.sockets.registry import Registry
from relay.sockets.server import RelayServer
from schema import tasks
from schema.inbox import EndReason
from schema.refusals import Refusal

log = structlog.get_logger(__name__)

BOARD_LOST_SECONDS: Final = 30.0
"""Cut off from the board for so long, a node closes its sockets: others have taken it for dead."""
DRAIN_SECONDS: Final = 5.0


class Node:
    """Holds what runs; `start` begins the loops, `drain` ends everything in order. `failed` is set when one
    of the loops, which run for ever, ended by a bug."""

    def __init__(
        self,
        *,
        server: RelayServer,
        registry: Registry,
        calls: Calls,
        catch_up: CatchUp,
        presence: Presence,
        inbox: InboxReader,
        now: Callable[[], int],
    ) -> None:
        self._server = server
        self._registry = registry
        self._calls = calls
        self._catch_up = catch_up
        self._presence = presence
        self._inbox = inbox
        self._now = now
        self._loops: list[asyncio.Task[None]] = []
        self._draining = False
        self.failed = asyncio.Event()

    async def start(self, *further: Coroutine[Any, Any, None]) -> None:
        """Registers the node on the board, then begins its loops. Raises Refusal unavailable."""
        await self._presence.heartbeat()
        for loop in (self._beat(), self._inbox.run(), self._expire(), *further):
            self._loops.append(asyncio.create_task(loop))
            self._loops[-1].add_done_callback(self._loop_ended)

    def _loop_ended(self, loop: asyncio.Task[None]) -> None:
        """A node without its heartbeat or its inbox must not go on as if it had them: another is started."""
        if not loop.cancelled() and not self._draining:
            log.error("loop_ended", loop=loop.get_coro().__qualname__, exc_info=loop.exception())  # type: ignore[union-attr]
            self.failed.set()

    def session_ended(self, session: UUID, reason: EndReason) -> None:
        """Closes the sockets of a login session that has ended."""
        for socket in self._registry.session(session):
            metrics.ENDED.labels(reason).inc()
            socket.end(reason)

    async def drain(self) -> None:
        """Answers what was asked, tells every socket to come back elsewhere, leaves the board."""
        self._server.draining = self._draining = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._calls.drain(), DRAIN_SECONDS)
        for socket in self._registry:
            metrics.ENDED.labels("shutdown").inc()
            socket.end("shutdown")
        await self._catch_up.close()
        await tasks.end(self._loops)
        for _ in range(20):
            if not len(self._registry):
                break
            await asyncio.sleep(0.05)
        with suppress(Refusal, TimeoutError):
            await asyncio.wait_for(self._presence.part(), 1.0)
        await self._server.eio.shutdown()

    async def _beat(self) -> None:
        lost_since: float | None = None
        forgotten = False  # until every socket is registered again, however often the board goes meanwhile
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS if lost_since is None else 0.5)
            try:
                forgotten = await self._presence.heartbeat() or forgotten
                if forgotten:
                    await self._register_again()
                forgotten = False
                lost_since = None
            except Refusal:
                lost_since = lost_since or loop.time()
                if loop.time() - lost_since > BOARD_LOST_SECONDS and len(self._registry):
                    log.warning("board_lost_sockets_closed", sockets=len(self._registry))
                    for socket in self._registry:
                        socket.end("shutdown")

    async def _register_again(self) -> None:
        """The board forgot this node (it restarted empty, or took the node for dead)."""
        log.warning("board_filled_again", sockets=len(self._registry))
        self._inbox.forget_position()
        for socket in self._registry:
            if not await self._presence.register_again(socket.user, socket.device, socket.id):
                socket.end("replaced")
        for socket in self._registry:
            if socket.watched:
                await self._watch_again(socket)
        self._inbox.catch_up_all()

    async def _watch_again(self, socket: LiveSocket) -> None:
        """Who went offline meanwhile was told to nobody; who has yet to be registered again comes back."""
        online = await self._presence.watch(socket.user, socket.device, socket.id, socket.watched)
        for user in socket.shown_online().difference(online):
            socket.tell_presence(user, online=False)
        for user in online:
            socket.tell_presence(user, online=True)

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            now = self._now()
            for socket in self._registry:
                if socket.expires_at <= now:
                    metrics.ENDED.labels("token_expired").inc()
                    socket.end("token_expired")
