"""At most so many connections that are no sockets: an idle one is closed for a newer one, else the newer one
is refused.

Invariant: connections that only wait, however many, keep nobody's calls out.
"""

from typing import Protocol

from relay import metrics
from relay.http import headers, problems
from schema.refusals import Refusal


class Connection(Protocol):
    """What the limit needs of a connection."""

    def waits(self) -> bool:
        """Whether no request is under way on it."""

    def force_close(self) -> None:
        """Closes it; everything written before is sent."""


class ConnectionLimit:
    """The open connections of one server, the oldest first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: dict[Connection, None] = {}

    def add(self, connection: Connection) -> bool:
        """Whether there is room for the connection: the oldest that waits makes room."""
        if len(self._open) >= self._most:
            idle = next((other for other in self._open if other.waits()), None)
            metrics.CONNECTIONS_REFUSED.labels("calls" if idle is None else "idle").inc()
            if idle is None:
                return False
            self.remove(idle)
            idle.force_close()
        self._open[connection] = None
        metrics.CALLING.set(len(self._open))
        return True

    def remove(self, connection: Connection) -> None:
        """It is closed, or is a socket from now on."""
        if connection in self._open:
            del self._open[connection]
            metrics.CALLING.set(len(self._open))


def refusal() -> bytes:
    """The whole answer to a connection that there is no room for."""
    answer = problems.response(
        Refusal("unavailable", "This node has no room for another connection.", retry_after_ms=1000)
    )
    answer.headers.update(headers.ALWAYS)
    body = answer.body
    assert isinstance(body, bytes)
    rows = {**answer.headers, "Content-Length": str(len(body)), "Connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in rows.items())
    return f"HTTP/1.1 503 Service Unavailable\r\n{head}\r\n".encode("ascii") + body
