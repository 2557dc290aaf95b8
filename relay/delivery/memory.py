"""A bound on the bytes that all live sockets of a node hold together, whether or not their clients read.

Invariant: they hold at most `most` and what is written between two looks (a 64th of it). Beyond that the node
first forgets pushes that wait (the mailboxes have them), then cuts sockets: those of the user who holds most,
the largest first, until an eighth is free. So many sockets of one user do not drive out another's single one.
A cut client reconnects and catches up. What they no longer hold goes back to the system.
"""

import asyncio
from collections.abc import Callable
from typing import Final
from uuid import UUID

import structlog

from relay import metrics
from relay.delivery.live import LiveSocket
from relay.delivery.registry import Registry
from relay.sockets.lean_socket import LeanSocket

log = structlog.get_logger(__name__)

LOOK_SHARE: Final = 64
"""A look goes over all sockets; it is due at most once per this part of the bound that is written."""
FREE_SHARE: Final = 8
SETTLE_SECONDS: Final = 10.0


class SocketMemory:
    """Counts upwards what is written, and looks at what is held once that might be too much. `give_back`
    returns free memory to the system; it runs in a thread."""

    def __init__(self, registry: Registry, most: int, give_back: Callable[[], None]) -> None:
        self._registry = registry
        self._most = most
        self._give_back = give_back
        self._high = 0
        self._held = 0
        self._since = 0

    def watch(self, socket: LiveSocket, wire: LeanSocket) -> None:
        """From now on what this socket takes is counted."""
        socket.note_held = wire.note_held = self.note
        wire.keep_unsent()

    def note(self, size: int) -> None:
        """So many bytes more are held, until they are sent."""
        self._since += size
        if self._held + self._since > self._most and self._since > self._most // LOOK_SHARE:
            self.look()

    def look(self) -> None:
        """Counts exactly, and makes room if it must."""
        self._count()
        if self._held > self._most:
            for socket in self._registry:
                socket.forget_pushes()
            self._held = sum(socket.held for socket in self._registry)
        if self._held > self._most:
            self._cut(self._held - (self._most - self._most // FREE_SHARE))
        metrics.SOCKET_BYTES.set(self._held)

    async def run(self) -> None:
        """Settles every few seconds, for ever."""
        while True:
            await asyncio.sleep(SETTLE_SECONDS)
            await self.settle()

    async def settle(self) -> None:
        """Has memory given back if the sockets hold an eighth of the bound less than they once did."""
        self._count()
        if self._high - self._held >= self._most // FREE_SHARE:
            self._high = self._held
            await asyncio.to_thread(self._give_back)
        metrics.SOCKET_BYTES.set(self._held)

    def _count(self) -> None:
        self._since = 0
        self._held = sum(socket.held for socket in self._registry)
        self._high = max(self._high, self._held)

    def _cut(self, excess: int) -> None:
        by_user: dict[UUID, int] = {}
        for socket in self._registry:
            by_user[socket.user] = by_user.get(socket.user, 0) + socket.held
        cut = freed = 0
        for user in sorted(by_user, key=lambda user: by_user[user], reverse=True):
            for socket in sorted(self._registry.user(user), key=lambda socket: socket.held, reverse=True):
                if freed >= excess:
                    break
                cut, freed = cut + 1, freed + socket.held
                socket.drop()
        self._held -= freed
        metrics.SOCKETS_CUT.inc(cut)
        log.warning("sockets_cut_for_memory", sockets=cut, freed_bytes=freed, held_bytes=self._held)
