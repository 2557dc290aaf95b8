"""The operator's own limits for single users, on the board: they stand until they are cleared.

Only the limits that are kept per user can be overridden; a board that lost its memory has lost them too.
"""

from typing import Any, Final
from uuid import UUID

from schema import keys
from schema.limits import DEFAULTS

NAMES: Final = tuple(row.name for row in DEFAULTS if row.subject in {"user", "asker"})
"""What may be overridden."""


class BadOverride(ValueError):
    """Not a limit that can be overridden, or not a count; the text says which can."""


async def show(board: Any, user: UUID) -> dict[str, int]:
    """The user's overrides: limit → count."""
    found = await board.hgetall(keys.override(user))
    return {name.decode(): int(count) for name, count in sorted(found.items())}


async def set(board: Any, user: UUID, name: str, count: int) -> None:  # noqa: A001 - `overrides.set(...)`
    """Gives the user `count` of the limit `name` per window; 0 admits nothing. Raises BadOverride."""
    _check(name)
    if not 0 <= count < 2**31:
        raise BadOverride(f"a limit is a whole number from 0 to {2**31 - 1}, not {count}")
    await board.hset(keys.override(user), name, count)


async def clear(board: Any, user: UUID, name: str | None = None) -> bool:
    """Takes the override of `name`, or every one, back; whether there was any. Raises BadOverride."""
    if name is None:
        return bool(await board.delete(keys.override(user)))
    _check(name)
    return bool(await board.hdel(keys.override(user), name))


def _check(name: str) -> None:
    if name not in NAMES:
        raise BadOverride(f"there is no limit {name!r} per user; there are: {', '.join(NAMES)}")
