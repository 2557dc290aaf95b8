"""Sleeping until something happens: a child ended, somebody asked to stop, or time passed."""

import select
import signal
import socket
from types import FrameType, TracebackType
from typing import Final, Self

ASKS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Bell:
    """While entered, signals ring it instead of ending the process. `asked` counts the requests to stop.

    Handlers only count; the wake-up goes through a socket, so that no lock is taken inside a handler."""

    def __init__(self) -> None:
        self.asked = 0

    def __enter__(self) -> Self:
        self._ring, self._heard = socket.socketpair()
        for end in (self._ring, self._heard):
            end.setblocking(False)
        self._before_fd = signal.set_wakeup_fd(self._ring.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._on_signal) for number in (*ASKS, signal.SIGCHLD)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(self._before_fd)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._ring.close()
        self._heard.close()

    def wait(self, seconds: float) -> None:
        """Returns at the next signal, at the latest after `seconds`."""
        if select.select([self._heard], [], [], seconds)[0]:
            self._heard.recv(4096)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the handler's shape
        if number in ASKS:
            self.asked += 1
