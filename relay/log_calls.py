"""How the submissions of one turn are divided into calls to the log. Pure."""

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

S = TypeVar("S")

CALL_SENDS: Final = 128
CALL_BYTES: Final = 2 * 1024 * 1024
"""At most so many sends, and so many bytes of them, in one call: the log serves nobody else meanwhile."""


def divided(submissions: Iterable[S], size: Callable[[S], int]) -> list[list[S]]:
    """The submissions in their order, as calls within both bounds; a larger one goes alone."""
    calls: list[list[S]] = []
    room = 0
    for submission in submissions:
        needed = size(submission)
        if not calls or len(calls[-1]) >= CALL_SENDS or needed > room:
            calls.append([])
            room = CALL_BYTES
        calls[-1].append(submission)
        room -= needed
    return calls
