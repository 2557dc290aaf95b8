"""A running node: its sockets, its loops, and how it drains."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

import structlog

from relay import metrics
from relay.calls.dispatch import Calls
from relay.calls.server import RelayServer
from relay.delivery.board_registration import BoardRegistration
from relay.delivery.catch_up import CatchUp
from relay.delivery.inbox_reader import InboxReader
from relay.delivery.presence import HEARTBEAT_SECONDS, Presence
from relay.delivery.registry import Registry
from schema import tasks
from schema.inbox import EndReason
from schema.refusals import Refusal

log = structlog.get_logger(__name__)

BOARD_LOST_SECONDS: Final = 30.0
"""Cut off from the board for so long, a node closes its sockets: others have taken it for dead."""
BOARD_AGAIN_SECONDS: Final = 0.5
"""After a heartbeat that the board did not answer."""
REAPING_SECONDS: Final = 0.1
"""While the board has dead nodes to reap: their users are told to be offline soon, and step by step."""
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
        self._registration = BoardRegistration(presence, registry, inbox)
        self._now = now
        self._loops: list[asyncio.Task[None]] = []
        self._draining = False
        self.failed = asyncio.Event()

    async def start(self, *further: Coroutine[Any, Any, None]) -> None:
        """Registers the node on the board, then begins its loops. Raises Refusal unavailable."""
        await self._registration.begin()
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
            await asyncio.wait_for(self._presence.remove_node(), 1.0)
        await self._server.eio.shutdown()

    async def _beat(self) -> None:
        lost_since: float | None = None
        pause = HEARTBEAT_SECONDS
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(pause)
            try:
                pause = REAPING_SECONDS if await self._registration.beat() else HEARTBEAT_SECONDS
                lost_since = None
            except Refusal:
                pause = BOARD_AGAIN_SECONDS
                lost_since = lost_since or loop.time()
                if loop.time() - lost_since > BOARD_LOST_SECONDS and len(self._registry):
                    log.warning("board_lost_sockets_closed", sockets=len(self._registry))
                    for socket in self._registry:
                        socket.end("shutdown")

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            now = self._now()
            for socket in self._registry:
                if socket.expires_at <= now:
                    metrics.ENDED.labels("token_expired").inc()
                    socket.end("token_expired")
