"""One Engine.IO session on one WebSocket: it writes at once, and knows what the client has received.

Part of the lean engine (`relay.sockets.engine`), which reads for it and keeps its times.
"""

import asyncio
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import structlog
from aiohttp import web

from relay.admission.user_budgets import frame_budget
from relay.sockets.framing import binary_frame, text_frame
from relay.sockets.intake import Intake
from relay.sockets.pace import Pace
from relay.sockets.unauthenticated import Place

log = structlog.get_logger(__name__)

UNSENT_BYTES: Final = 8 * 1024 * 1024
"""A reader that leaves more than this unsent is cut (what is in flight is bounded well below)."""
KERNEL_BYTES: Final = 128 * 1024
"""Bytes of one connection that the kernel holds and has not sent yet; by itself it takes megabytes."""
NOTSENT_LOWAT: Final[int | None] = getattr(socket, "TCP_NOTSENT_LOWAT", None)


class LeanSocket:
    """One Engine.IO session on one WebSocket."""

    def __init__(
        self,
        sid: str,
        ws: web.WebSocketResponse,
        transport: asyncio.Transport,
        place: Place,
        intake: Intake,
    ) -> None:
        self.sid = sid
        self.opened = time.monotonic()
        self.heard = self.opened
        self.pinged = self.opened
        self.authenticated = False
        self.offended = False
        self.closed = False
        self._pings = 0
        self._pongs = 0
        self._asked: deque[tuple[int, Callable[[], None]]] = deque()
        self._pace = Pace()
        self._when_room: Callable[[], None] | None = None
        self._last_look = (0, 0)
        self._place = place
        self._intake = intake
        self._ws = ws
        self._transport = transport
        self._closing: asyncio.Task[Any] | None = None
        self.session: dict[str, Any] = {}
        self.frames = frame_budget()
        self.note_held: Callable[[int], None] = _ignore

    def write(self, data: bytes | str) -> None:
        """Sends one message; a reader that is too slow is cut."""
        if self.closed or self._transport.is_closing():
            return
        frame = binary_frame(data) if isinstance(data, bytes) else text_frame(data)
        self._transport.write(frame)
        self._pace.written += len(frame)
        if self.unsent:
            self.note_held(len(frame))
        if self.unsent > UNSENT_BYTES:
            log.info("slow_reader_cut")
            self.abort()
        elif self._pace.is_due:
            self.ping()

    def keep_unsent(self) -> None:
        """The kernel takes no more ahead than KERNEL_BYTES: the rest stays here, where it is counted."""
        connection = self._transport.get_extra_info("socket")
        if NOTSENT_LOWAT is not None and connection.family in {socket.AF_INET, socket.AF_INET6}:
            connection.setsockopt(socket.IPPROTO_TCP, NOTSENT_LOWAT, KERNEL_BYTES)

    def authenticate(self) -> None:
        """It is known whose it is: from now on it may send."""
        self.authenticated = True
        self._place.leave()

    def offend(self) -> None:
        """It broke a rule before it authenticated: cuts it."""
        if not self.offended:
            self.offended = True
            log.info("unauthenticated_socket_cut")
            self.abort()

    def ping(self) -> None:
        """Asks whether the client is there."""
        self.pinged = time.monotonic()
        self._pings += 1
        self._pace.mark()
        self.write("2")

    def pong(self) -> None:
        """The client answered the oldest open ping; one that it made up counts for nothing."""
        if self._pongs == self._pings:
            return
        self._pongs += 1
        self._pace.answered()
        if self._pace.is_due:
            self.ping()  # the window shrank: else nothing might be there to be answered
        while self._asked and self._asked[0][0] <= self._pongs:
            self._asked.popleft()[1]()
        if self._when_room is not None and self.room > 0:
            then, self._when_room = self._when_room, None
            then()

    def when_received(self, then: Callable[[], None]) -> None:
        """Calls `then` once the client has received all that was written: it answered a ping behind it."""
        self.ping()
        self._asked.append((self._pings, then))

    @property
    def room(self) -> int:
        """How many bytes may be written before the client has received some of the earlier ones."""
        return self._pace.room

    def when_room(self, then: Callable[[], None]) -> None:
        """Calls `then`, once, when there is `room` again; never, if the client answers no ping."""
        self._when_room = then

    @property
    def unsent(self) -> int:
        """Bytes written and not yet taken by the network; none once the connection is cut."""
        return 0 if self._transport.is_closing() else self._transport.get_write_buffer_size()

    @property
    def incoming(self) -> int:
        """Bytes received of messages that are not whole or not taken; none once the connection is cut."""
        return 0 if self._transport.is_closing() else self._intake.held

    def note_flow(self, now: float) -> None:
        """What waited for the network and was taken since the last look shows that the client is there."""
        unsent = self.unsent
        taken = self._pace.written - unsent
        waited, taken_before = self._last_look
        if waited and taken > taken_before:
            self.heard = now
        self._last_look = (unsent, taken)

    def close(self) -> None:
        """Says goodbye and closes; what was written before is sent first."""
        if not self.closed:
            self.closed = True
            self._closing = asyncio.get_running_loop().create_task(self._say_goodbye())

    async def _say_goodbye(self) -> None:
        try:
            await asyncio.wait_for(self._ws.close(), 2.0)
        except (TimeoutError, OSError, RuntimeError):
            self._transport.abort()

    def abort(self) -> None:
        """Cuts the connection at once."""
        self.closed = True
        self._transport.abort()


def _ignore(size: int) -> None:
    """Nobody counts what this connection holds."""
