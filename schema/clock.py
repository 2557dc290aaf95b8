"""Times on the wire and in the log: integers, milliseconds since the Unix epoch."""

import time


def now_ms() -> int:
    """The server's clock, in milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000
