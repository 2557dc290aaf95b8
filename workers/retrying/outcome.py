"""The outcome of a retry."""

from typing import Final, Literal

import msgspec

Result = Literal["done", "settled", "unreadable", "failed", "too_late", "too_early"]
"""`done`: handled. `settled`: handled, but its mailbox has moved past the envelope, which nobody waits for.
`unreadable`, `failed`: as before. `too_late`: the log no longer holds what came after it. `too_early`: the
group itself has yet to pass it."""
HANDLED: Final[tuple[Result, ...]] = ("done", "settled")
"""The entry leaves the quarantine."""


class Outcome(msgspec.Struct, frozen=True):
    """The result, and where it is a failure the reason."""

    result: Result
    reason: str = ""
