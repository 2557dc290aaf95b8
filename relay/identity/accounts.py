"""Accounts: the rows of `users`.

Invariant: a name is stored and compared in lower case and belongs to one account; device numbers
count up per account and are never given twice.
"""

import re
from typing import Final, NamedTuple
from uuid import UUID, uuid4

from relay.database import Connection
from schema.wire_http import USERNAME_PATTERN

INSERT: Final = """
    INSERT INTO users (user_id, username, password_hash, last_device_id, created_at)
    VALUES (%(user)s, %(username)s, %(hash)s, 1, %(now)s)
    ON CONFLICT (username) DO NOTHING
    RETURNING user_id
"""
SELECT_BY_NAME: Final = "SELECT user_id, username, password_hash FROM users WHERE username = %s"
SELECT_BY_ID: Final = "SELECT user_id, username, password_hash FROM users WHERE user_id = %s"
NEXT_DEVICE: Final = """
    UPDATE users SET last_device_id = last_device_id + 1
     WHERE user_id = %s
    RETURNING last_device_id
"""
EXCHANGE_HASH: Final = """
    UPDATE users SET password_hash = %(new)s WHERE user_id = %(user)s AND password_hash = %(old)s
"""
LOCK: Final = "SELECT password_hash FROM users WHERE user_id = %s FOR UPDATE"
SELECT_LAST_DEVICE: Final = "SELECT last_device_id FROM users WHERE user_id = %s"
DELETE: Final = "DELETE FROM users WHERE user_id = %s"

FIRST_DEVICE: Final = 1

_USERNAME: Final = re.compile(USERNAME_PATTERN.removesuffix("$") + r"\Z")


class Account(NamedTuple):
    """A row of `users`."""

    user_id: UUID
    username: str
    password_hash: str


def canonical(username: str) -> str:
    """The name as it is stored; one that no account can have becomes the empty name."""
    return username.lower() if _USERNAME.match(username) else ""


async def create(connection: Connection, username: str, password_hash: str, now: int) -> UUID | None:
    """A new account with its first device number, or None when the name is taken."""
    arguments = {"user": uuid4(), "username": canonical(username), "hash": password_hash, "now": now}
    row = await (await connection.execute(INSERT, arguments)).fetchone()
    return None if row is None else row[0]


async def by_name(connection: Connection, username: str) -> Account | None:
    """The account of that name."""
    row = await (await connection.execute(SELECT_BY_NAME, (canonical(username),))).fetchone()
    return None if row is None else Account(*row)


async def by_id(connection: Connection, user_id: UUID) -> Account | None:
    """The account, unless it was deleted."""
    row = await (await connection.execute(SELECT_BY_ID, (user_id,))).fetchone()
    return None if row is None else Account(*row)


async def next_device(connection: Connection, user_id: UUID) -> int:
    """A device number never given before."""
    row = await (await connection.execute(NEXT_DEVICE, (user_id,))).fetchone()
    assert row is not None, "the account is locked by the caller"
    return int(row[0])


async def last_device(connection: Connection, user_id: UUID) -> int:
    """The highest device number ever given; 0 when the account is gone."""
    row = await (await connection.execute(SELECT_LAST_DEVICE, (user_id,))).fetchone()
    return 0 if row is None else int(row[0])


async def exchange_hash(connection: Connection, account: Account, password_hash: str) -> bool:
    """Exchanges the hash; False when somebody else did so since `account` was read."""
    arguments = {"user": account.user_id, "old": account.password_hash, "new": password_hash}
    return (await connection.execute(EXCHANGE_HASH, arguments)).rowcount == 1


async def lock(connection: Connection, user_id: UUID) -> str | None:
    """Makes changes to the account's devices and sessions take turns; the password hash, or None."""
    row = await (await connection.execute(LOCK, (user_id,))).fetchone()
    return None if row is None else row[0]


async def delete(connection: Connection, user_id: UUID) -> None:
    """The name is free from now on."""
    await connection.execute(DELETE, (user_id,))
