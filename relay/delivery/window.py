"""What one socket has been sent: a state machine without I/O.

Invariant: numbers are sent in order and without gaps, starting after the last acknowledged, and no
more than `IN_FLIGHT_ENVELOPES` or `IN_FLIGHT_BYTES` are unacknowledged. A push is only a hint: the
next number is sent, an old one is dropped, a later one waits for those before it: they come soon, or the
mailbox is read.
"""

from bisect import bisect_right
from enum import Enum, auto
from operator import itemgetter
from typing import Final

from schema.limits import IN_FLIGHT_BYTES, IN_FLIGHT_ENVELOPES

_number: Final = itemgetter(0)


class Verdict(Enum):
    """What to do with an offered envelope."""

    SEND = auto()
    OLD = auto()
    GAP = auto()
    FULL = auto()


class SendWindow:
    """One socket's numbers. `sent` is the last number sent (or known to be stored by the client)."""

    def __init__(
        self, *, most_envelopes: int = IN_FLIGHT_ENVELOPES, most_bytes: int = IN_FLIGHT_BYTES
    ) -> None:
        self.sent = 0
        self._in_flight: list[tuple[int, int]] = []  # most sockets idle: an empty deque takes 700 bytes
        self._bytes = 0
        self._most_envelopes = most_envelopes
        self._most_bytes = most_bytes

    @property
    def in_flight(self) -> int:
        """Envelopes sent and not acknowledged."""
        return len(self._in_flight)

    @property
    def room(self) -> int:
        """How many more envelopes may be sent now (0 as well when the bytes are used up)."""
        return 0 if self._bytes >= self._most_bytes else self._most_envelopes - len(self._in_flight)

    @property
    def room_bytes(self) -> int:
        """How many bytes more may be sent now."""
        return max(0, self._most_bytes - self._bytes)

    def offer(self, seq: int, size: int) -> Verdict:
        """Judges the envelope `seq` of `size` bytes; SEND has counted it as sent."""
        if seq <= self.sent:
            return Verdict.OLD
        if seq != self.sent + 1:
            return Verdict.GAP
        if self.room <= 0 or (self._in_flight and self._bytes + size > self._most_bytes):
            return Verdict.FULL
        self.sent = seq
        self._in_flight.append((seq, size))
        self._bytes += size
        return Verdict.SEND

    def settle(self, upto: int) -> None:
        """Everything up to `upto` is acknowledged or expired: it needs no sending and takes no room."""
        settled = bisect_right(self._in_flight, upto, key=_number)
        self._bytes -= sum(size for _, size in self._in_flight[:settled])
        del self._in_flight[:settled]
        self.sent = max(self.sent, upto)
