"""What one user may ask of a node. The user's sockets share it: further sockets bring nothing more."""

from typing import Final

from relay.admission.budget import Budget

CALLS_AT_ONCE: Final = 128
"""Unanswered calls; more are refused."""
UNANSWERED_BYTES: Final = 4 * 1024 * 1024
"""Bodies of unanswered sends: a log that stalls must not fill the node's memory."""
RENEWALS_AT_ONCE: Final = 20
RENEWALS_PER_SECOND: Final = 1.0
"""Calls of auth.refresh: each verifies a signature."""
PASSED_ON_AT_ONCE: Final = 200
PASSED_ON_PER_SECOND: Final = 20.0
"""Ephemeral envelopes, each counted once and once more per 4 KiB: a node's inbox has a cap."""
WATCHED_AT_ONCE: Final = 300
WATCHED_PER_SECOND: Final = 20.0
"""Calls of presence.watch, each counted once and once more per 20 users on the list."""
FRAMES_AT_ONCE: Final = 1_000
FRAMES_PER_SECOND: Final = 1_000.0
"""Frames are read no faster than that, each counted once more per 4 KiB (`relay.sockets.engine`): one user
must not have the whole node. Far above what a device does."""


def frame_budget() -> Budget:
    """For frames: a connection's own until its user is known."""
    return Budget(FRAMES_AT_ONCE, FRAMES_PER_SECOND)


class UserBudgets:
    """Shared by the sockets that one user has on this node (`relay.delivery.registry`). `calls` and
    `unanswered_bytes` are those that wait for their answers."""

    def __init__(self) -> None:
        self.calls = 0
        self.unanswered_bytes = 0
        self.passing = Budget(PASSED_ON_AT_ONCE, PASSED_ON_PER_SECOND)
        self.watching = Budget(WATCHED_AT_ONCE, WATCHED_PER_SECOND)
        self.renewing = Budget(RENEWALS_AT_ONCE, RENEWALS_PER_SECOND)
        self.frames = frame_budget()
