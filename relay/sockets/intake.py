"""What arrives on one socket, before its frames are parsed: counted, paced, and bounded.

Invariant: every byte of a socket passes here, in the order of arrival. Until the socket has authenticated,
they are at most `unauthenticated.BYTES`; afterwards they are passed on no faster than the user's budget of
frames allows, and `held` is what the node has of messages that are not whole or not taken yet.

Stands in the place of aiohttp's parser (pinned, as `relay.sockets.engine` says).
"""

import asyncio
import time
from typing import Any, Final, Protocol

from relay.admission.budget import Budget
from relay.sockets.frame_scanner import FrameScanner
from relay.sockets.unauthenticated import BYTES

BYTES_PER_UNIT: Final = 4096
"""A read counts once more per 4 KiB when the pace of its user is judged."""
PIECE_BYTES: Final = 64
"""What one piece of an unfinished frame takes beside its bytes …"""
PIECES_MOST: Final = 4096
"""… until the parser joins so many of them."""
_PASSED: Final = (False, b"")


class Receiver(Protocol):
    """What the intake needs of the socket that it serves."""

    authenticated: bool
    heard: float
    frames: Budget

    def offend(self) -> None:
        """It broke a rule before it authenticated: cuts it."""

    def note_held(self, size: int) -> None:
        """So many bytes more are held."""


class Intake:
    """`protocol` is aiohttp's of this connection, `parser` its WebSocket parser. `serve` names the socket as
    soon as there is one; it must be called before any await that follows the handshake."""

    def __init__(self, protocol: Any, parser: Any) -> None:
        self._protocol = protocol
        self._parser = parser
        self._queue: Any = None
        self._socket: Receiver | None = None
        self._scanner = FrameScanner()
        self._bytes = 0
        self._too_much = False
        self._pieces = 0
        self._last_read = 0
        self._waiting = b""
        self._timer: asyncio.TimerHandle | None = None

    def serve(self, socket: Receiver, queue: Any) -> None:
        """From now on it is this socket's; `queue` has the messages that the parser made."""
        self._socket, self._queue = socket, queue
        if self._too_much:
            socket.offend()

    @property
    def pauses(self) -> bool:
        """Whether nothing is read now, because the user's budget is spent."""
        return self._timer is not None

    @property
    def held(self) -> int:
        """Bytes that came and were not taken yet: pieces of messages, and messages in the queue."""
        held = self._scanner.unfinished + PIECE_BYTES * min(self._pieces, PIECES_MOST) + len(self._waiting)
        if self._queue is not None:
            held += self._queue._size + (self._last_read if self._queue._stalled_reader else 0)  # noqa: SLF001
        return held

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Takes what the network brought, as the parser does."""
        socket = self._socket
        if self._parser is None:
            return _PASSED
        if socket is None or not socket.authenticated:
            self._bytes += len(data)
            if self._bytes > BYTES:
                self._refuse()
                return _PASSED
        begun = self._scanner.feed(data)
        self._pieces = self._pieces + 1 if self._scanner.unfinished else 0
        if socket is None:
            return self._pass_on(data)
        socket.heard = time.monotonic()
        delay = socket.frames.delay(max(1, begun) + len(data) // BYTES_PER_UNIT)
        if delay or self._waiting:
            self._keep(data, delay)
        else:
            ended = self._pass_on(data)
            if ended[0]:
                return ended
        if held := self.held:
            socket.note_held(min(held, len(data)))
        return _PASSED

    def feed_eof(self) -> None:
        """The connection ended. What the parser has goes at once, not when the collector comes."""
        self._waiting = b""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._parser.feed_eof()
        self._parser = self._queue = None

    def _refuse(self) -> None:
        self._too_much = True
        if self._socket is not None:
            self._socket.offend()
        elif self._protocol.transport is not None:
            self._protocol.transport.abort()

    def _pass_on(self, data: bytes) -> tuple[bool, bytes]:
        self._last_read = len(data)
        passed: tuple[bool, bytes] = self._parser.feed_data(data)
        return passed

    def _keep(self, data: bytes, delay: float) -> None:
        """Nothing more is read until the budget allows it: the network holds the sender back."""
        self._waiting += data
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(delay, self._go_on)
            self._protocol.hold_reading()

    def _go_on(self) -> None:
        self._timer = None
        data, self._waiting = self._waiting, b""
        if self._pass_on(data)[0]:
            self._protocol.close()
        else:
            self._protocol.release_reading()
