"""Positions in a stream: an entry's id as two integers, (milliseconds, number within them).

Positions are compared as integers. As text they must not be: "9-1" would come after "10-1".
"""

from typing import Final, NamedTuple, Self

MOST: Final = 2**64 - 1
"""The largest number within a millisecond."""


class Position(NamedTuple):
    """An entry's place; orders as the stream does."""

    ms: int
    n: int

    @classmethod
    def parse(cls, text: bytes | str) -> Self:
        """The position written as `MS-N`. Raises ValueError."""
        ms, _, n = (text.decode("ascii") if isinstance(text, bytes) else text).partition("-")
        return cls(int(ms), int(n))

    def next(self) -> Self:
        """The least position after this one."""
        if self.n == MOST:
            return type(self)(self.ms + 1, 0)
        return type(self)(self.ms, self.n + 1)

    def previous(self) -> Self:
        """The greatest position before this one; START has none."""
        if self.n == 0:
            return type(self)(self.ms - 1, MOST)
        return type(self)(self.ms, self.n - 1)

    def __str__(self) -> str:
        return f"{self.ms}-{self.n}"


START: Final = Position(0, 0)
"""Before every entry."""
