"""The node's registration on the board: renewed, and made right again when it may differ.

Invariant: every socket of the registry is on the board under the life of this node that the board knows, or
will be registered again with one of the next heartbeats. It rests on no single answer: a lost one leaves what
was to be done for the next.

A lost inbox entry may have ended a socket. Of a newer one the registration tells, of an eviction the
cool-down, which stands on the board from before the entry was written. Every other end comes from the login
sessions in PostgreSQL (`relay.auth.revocation`) or the node itself, and never through an inbox.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any, Final

import structlog

from relay.delivery.inbox_reader import InboxReader
from relay.delivery.live import LiveSocket
from relay.delivery.presence import CALLS_AT_ONCE, HEARTBEAT_SECONDS, Presence
from relay.delivery.registry import Registry
from schema import tasks

log = structlog.get_logger(__name__)

QUESTIONS: Final = 5
"""So often a socket's watched users are asked for, until the answer is what the client knows."""


class BoardRegistration:
    """One node's."""

    def __init__(self, presence: Presence, registry: Registry, inbox: InboxReader) -> None:
        self._presence = presence
        self._registry = registry
        self._inbox = inbox
        self._life = ""
        self._registered_in = ""

    async def begin(self) -> None:
        """The node's first heartbeat: it has no sockets yet. Raises Refusal unavailable."""
        self._life = self._registered_in = (await self._presence.heartbeat()).life

    async def beat(self) -> bool:
        """One heartbeat and what it shows to be amiss; True when the next one is wanted soon, because the
        board has dead nodes to reap. Raises Refusal unavailable; then the next one does what is left."""
        beat = await self._presence.heartbeat()
        await self._presence.unregister_again()
        if self._inbox.pop_lost():
            self._registered_in = ""
        if beat.life and beat.life != self._life:
            self._inbox.forget_position()  # it went with the life before
            self._life = beat.life
        if beat.life and beat.life != self._registered_in:
            await self._register_again()
            self._registered_in = beat.life
        return beat.reaping

    async def _register_again(self) -> None:
        log.warning("sockets_registered_again", sockets=len(self._registry))
        await self._for_all(self._registry, self._restore)
        await self._for_all((socket for socket in self._registry if socket.watched), self._watch_again)
        self._inbox.catch_up_all()

    async def _for_all(
        self, sockets: Iterable[LiveSocket], work: Callable[[LiveSocket], Coroutine[Any, Any, None]]
    ) -> None:
        """In groups, and with heartbeats in between: with many sockets this takes its time."""
        works = [partial(work, socket) for socket in sockets]
        loop = asyncio.get_running_loop()
        last = loop.time()
        for start in range(0, len(works), CALLS_AT_ONCE):
            await tasks.by_groups(works[start : start + CALLS_AT_ONCE], CALLS_AT_ONCE)
            if loop.time() - last > HEARTBEAT_SECONDS:
                await self._presence.heartbeat()  # what it answers, the next one answers, too
                last = loop.time()

    async def _restore(self, socket: LiveSocket) -> None:
        if not self._is_there(socket):
            return  # it went, or was replaced, while others were registered
        where = (socket.user, socket.device, socket.id)
        if not await self._presence.register_again(*where):
            self._inbox.end(*where, "replaced")
        elif await self._presence.is_kept_out(socket.user):  # only now: who is evicted later is found here
            self._inbox.end(*where, "rate_limited")
        elif self._registry.get(socket.id) is None:
            await self._presence.unregister(*where)  # its leaving may have been told before

    async def _watch_again(self, socket: LiveSocket) -> None:
        """Who went offline meanwhile was told to nobody. A notice may overtake an answer: so it is asked
        until they agree."""
        for _ in range(QUESTIONS):
            if not self._is_there(socket):
                return
            online = await self._presence.watch(socket.user, socket.device, socket.id, socket.watched)
            if not socket.correct_presence(set(online)):
                return

    def _is_there(self, socket: LiveSocket) -> bool:
        return self._registry.device(socket.user, socket.device) is socket and not socket.ended
