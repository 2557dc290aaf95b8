"""The operator's own limits for single users: they stand until they are cleared, or the account is deleted.

Invariant: the table `overrides` is the truth; the board, where limits are asked for, follows it. Whoever
changes a row keeps it locked until the board has it too; whoever copies the table to a board that lost its
memory lets nobody change it meanwhile. So no older copy ever comes over a newer one.
Only the limits that are kept per user can be overridden.
"""

from typing import Any, Final
from uuid import UUID

from schema import keys
from schema.limits import DEFAULTS

NAMES: Final = tuple(row.name for row in DEFAULTS if row.subject in {"user", "asker"})
"""What may be overridden."""
MOST: Final = 2**31 - 1

SELECT_OF_USER: Final = "SELECT name, count FROM overrides WHERE user_id = %s ORDER BY name"
HOLD_USER: Final = "SELECT 1 FROM users WHERE user_id = %s FOR KEY SHARE"
"""First: whoever deletes the account holds its row, and comes to this table last."""
UPSERT: Final = """
    INSERT INTO overrides (user_id, name, count) VALUES (%s, %s, %s)
    ON CONFLICT (user_id, name) DO UPDATE SET count = excluded.count
"""
DELETE_ONE: Final = "DELETE FROM overrides WHERE user_id = %s AND name = %s"
DELETE_ALL: Final = "DELETE FROM overrides WHERE user_id = %s"
LET_NOBODY_CHANGE: Final = "LOCK TABLE overrides IN SHARE MODE"
SELECT_EVERY: Final = "SELECT user_id, name, count FROM overrides"


class BadOverride(ValueError):
    """Not a limit that can be overridden, not a count, or no such user; the text says which."""


async def show(database: Any, user: UUID) -> dict[str, int]:
    """The user's overrides: limit → count. `database` is a connection."""
    rows = await (await database.execute(SELECT_OF_USER, (user,))).fetchall()
    return {name: int(count) for name, count in rows}


async def set(database: Any, board: Any, user: UUID, name: str, count: int) -> None:  # noqa: A001 - `overrides.set(...)`
    """Gives the user `count` of the limit `name` per window; 0 admits nothing. Raises BadOverride, and the
    servers' errors: then nothing was kept."""
    _check(name)
    if not 0 <= count <= MOST:
        raise BadOverride(f"a limit is a whole number from 0 to {MOST}, not {count}")
    async with database.transaction():
        if await (await database.execute(HOLD_USER, (user,))).fetchone() is None:
            raise BadOverride("the account was deleted")
        await database.execute(UPSERT, (user, name, count))
        await board.hset(keys.override(user), name, count)


async def clear(database: Any, board: Any, user: UUID, name: str | None = None) -> bool:
    """Takes the override of `name`, or every one, back; whether there was any. Raises as `set` does."""
    if name is not None:
        _check(name)
    async with database.transaction():
        if name is None:
            cursor = await database.execute(DELETE_ALL, (user,))
            await board.delete(keys.override(user))
        else:
            cursor = await database.execute(DELETE_ONE, (user, name))
            await board.hdel(keys.override(user), name)
    return bool(cursor.rowcount)


async def forget(board: Any, user: UUID) -> None:
    """Takes what a deleted account had off the board; its rows went with its account."""
    await board.delete(keys.override(user))


async def install(database: Any, board: Any) -> int:
    """Makes the board say what the table says; for how many users it did not."""
    async with database.transaction():
        await database.execute(LET_NOBODY_CHANGE)
        wanted: dict[str, dict[bytes, bytes]] = {}
        for user, name, count in await (await database.execute(SELECT_EVERY)).fetchall():
            wanted.setdefault(str(user), {})[name.encode()] = str(count).encode()
        users = wanted.keys() | {user async for user in _on_board(board)}
        return sum([await _mend(board, user, wanted.get(user, {})) for user in sorted(users)])


async def _mend(board: Any, user: str, wanted: dict[bytes, bytes]) -> bool:
    key = keys.override(user)
    found: dict[bytes, bytes] = await board.hgetall(key)
    if found == wanted:
        return False
    if wanted:
        await board.hset(key, mapping=wanted)
    if extra := found.keys() - wanted.keys():
        await board.hdel(key, *extra)
    return True


async def _on_board(board: Any) -> Any:
    before, after = keys.override("*").split("*")
    async for key in board.scan_iter(match=keys.override("*"), count=1000):
        yield key.decode().removeprefix(before).removesuffix(after)


def _check(name: str) -> None:
    if name not in NAMES:
        raise BadOverride(f"there is no limit {name!r} per user; there are: {', '.join(NAMES)}")
