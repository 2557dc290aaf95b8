"""Refresh tokens: opaque, thirty days, exchanged at each use, kept as SHA-256 only.

Invariant: of the tokens of a login session, the newest that was used and those that grew from it may
be used. The older one stays usable while nobody has used a newer one (the client's answer may have
got lost); from then on, using it again means that two parties hold tokens, and the session ends for
both (RFC 9700, section 4.14.2). One row lock on the session makes concurrent exchanges take turns.
"""

import hashlib
import secrets
from typing import Final, NamedTuple
from uuid import UUID

from relay.auth import login_sessions
from relay.database import Connection, Database, transaction
from schema.refusals import Refusal

TOKEN_BYTES: Final = 32
ANSWERS_LOST: Final = 8
"""So many unused successors of one token are kept; older ones are forgotten."""

LOCK_SESSION: Final = """
    SELECT session_id, user_id, device_id, ended_at IS NOT NULL, expires_at
      FROM login_sessions
     WHERE session_id = (SELECT session_id FROM refresh_tokens WHERE token_hash = %s)
       FOR UPDATE
"""
SELECT_STATE: Final = "SELECT parent_hash, superseded FROM refresh_tokens WHERE token_hash = %s"
INSERT: Final = """
    INSERT INTO refresh_tokens (token_hash, session_id, parent_hash, issued_at)
    VALUES (%(token)s, %(session)s, %(parent)s, %(now)s)
"""
MARK_USED: Final = "UPDATE refresh_tokens SET used_at = %(now)s WHERE token_hash = %(token)s"
SUPERSEDE: Final = """
    UPDATE refresh_tokens SET superseded = true
     WHERE session_id = %(session)s AND NOT superseded AND token_hash <> %(token)s
       AND parent_hash IS DISTINCT FROM %(token)s
"""
"""All but the token in use and its successors."""
FORGET_OLD: Final = """
    DELETE FROM refresh_tokens
     WHERE session_id = %(session)s
       AND (superseded AND issued_at < %(dead)s
            OR token_hash IN (SELECT token_hash FROM refresh_tokens
                               WHERE parent_hash = %(token)s AND used_at IS NULL
                               ORDER BY issued_at DESC, token_hash OFFSET %(keep)s))
"""


class Exchanged(NamedTuple):
    """What an exchange gives: the session's owner and the new token."""

    user_id: UUID
    device_id: int
    session_id: UUID
    token: str


async def first(connection: Connection, session_id: UUID, now: int) -> str:
    """The first token of a session."""
    token = _new()
    await _insert(connection, session_id, token, None, now)
    return token


async def exchange(database: Database, token: str, now: int) -> Exchanged:
    """A new token for `token`.

    Raises Refusal token_expired (unknown, too old, or the session has ended) or token_reused (and the
    session ends).
    """
    old = _hash(token)
    async with transaction(database) as connection:
        row = await (await connection.execute(LOCK_SESSION, (old,))).fetchone()
        found = await (await connection.execute(SELECT_STATE, (old,))).fetchone()
        if row is None or found is None:
            raise Refusal("token_expired", "The refresh token is not known or has expired.")
        session, user, device, ended, expires_at = row
        superseded: bool = found[1]
        new = ""
        if superseded:
            await login_sessions.end_one(connection, user, session)
        elif ended or expires_at <= now:
            raise Refusal("token_expired", "The session has ended.")
        else:
            new = await _succeed(connection, session, old, now)
    if superseded:
        raise Refusal("token_reused")
    return Exchanged(user, device, session, new)


async def _succeed(connection: Connection, session: UUID, old: bytes, now: int) -> str:
    new = _new()
    arguments = {
        "session": session,
        "token": old,
        "now": now,
        "dead": now - login_sessions.LIFE_MS,
        "keep": ANSWERS_LOST - 1,
    }
    await connection.execute(MARK_USED, arguments)
    await connection.execute(SUPERSEDE, arguments)
    await connection.execute(FORGET_OLD, arguments)
    await _insert(connection, session, new, old, now)
    await login_sessions.touch(connection, session, now)
    return new


async def _insert(connection: Connection, session: UUID, token: str, parent: bytes | None, now: int) -> None:
    arguments = {"token": _hash(token), "session": session, "parent": parent, "now": now}
    await connection.execute(INSERT, arguments)


def _new() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
