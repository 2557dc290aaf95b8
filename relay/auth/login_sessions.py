"""Login sessions: what a log-in begins and a sign-out ends; a family of refresh tokens.

Invariant: an ended session never comes back. Its row stays a little longer than any access token
lives, so that every node learns of the end.
"""

from typing import Final
from uuid import UUID, uuid4

from relay.auth.revocation import SessionEnd
from relay.database import CLOCK, Connection
from schema.wire_http import SessionEntry

LIFE_MS: Final = 30 * 86_400_000
"""Thirty days without a refresh."""

INSERT: Final = """
    INSERT INTO login_sessions (session_id, user_id, device_id, created_at, last_used_at, expires_at)
    VALUES (%(session)s, %(user)s, %(device)s, %(now)s, %(now)s, %(expires)s)
"""
TOUCH: Final = """
    UPDATE login_sessions SET last_used_at = %(now)s, expires_at = %(expires)s WHERE session_id = %(session)s
"""
SELECT_LIVE: Final = """
    SELECT session_id, device_id, created_at, last_used_at
      FROM login_sessions
     WHERE user_id = %(user)s AND ended_at IS NULL AND expires_at > %(now)s
     ORDER BY created_at, session_id
"""
SELECT_IS_LIVE: Final = """
    SELECT 1 FROM login_sessions JOIN users USING (user_id)
     WHERE session_id = %s AND ended_at IS NULL
"""
END: Final = f"""
    UPDATE login_sessions SET ended_at = {CLOCK}, end_reason = %(reason)s
     WHERE user_id = %(user)s AND ended_at IS NULL
"""  # noqa: S608 - put together from our own constants
END_ONE: Final = f"{END} AND session_id = %(session)s"
END_OTHERS: Final = f"{END} AND session_id <> %(session)s"
END_OF_DEVICES: Final = f"{END} AND device_id = ANY(%(devices)s)"
END_OF_REPLACED: Final = f"{END} AND device_id <> %(device)s AND device_id <= %(upto)s"


async def begin(connection: Connection, user_id: UUID, device_id: int, now: int) -> UUID:
    """A new session of that device."""
    session = uuid4()
    await connection.execute(
        INSERT,
        {"session": session, "user": user_id, "device": device_id, "now": now, "expires": now + LIFE_MS},
    )
    return session


async def touch(connection: Connection, session_id: UUID, now: int) -> None:
    """The session was used: thirty days from now."""
    await connection.execute(TOUCH, {"session": session_id, "now": now, "expires": now + LIFE_MS})


async def live(connection: Connection, user_id: UUID, current: UUID, now: int) -> list[SessionEntry]:
    """The user's sessions, the oldest first; `current` is marked."""
    rows = await (await connection.execute(SELECT_LIVE, {"user": user_id, "now": now})).fetchall()
    return [
        SessionEntry(session, device, created, used, session == current)
        for session, device, created, used in rows
    ]


async def is_live(connection: Connection, session_id: UUID) -> bool:
    """Whether the session and its account are still there."""
    return await (await connection.execute(SELECT_IS_LIVE, (session_id,))).fetchone() is not None


async def end_one(connection: Connection, user_id: UUID, session_id: UUID) -> bool:
    """Ends one session of the user; whether there was one to end."""
    arguments = {"user": user_id, "session": session_id, "reason": "revoked"}
    return (await connection.execute(END_ONE, arguments)).rowcount > 0


async def end_others(connection: Connection, user_id: UUID, current: UUID) -> None:
    """Ends every session of the user but `current`."""
    await connection.execute(END_OTHERS, {"user": user_id, "session": current, "reason": "revoked"})


async def end_of_devices(connection: Connection, user_id: UUID, devices: list[int]) -> int:
    """Ends the sessions of those devices; how many there were."""
    arguments = {"user": user_id, "devices": devices, "reason": "revoked"}
    return (await connection.execute(END_OF_DEVICES, arguments)).rowcount


async def end_of_replaced(connection: Connection, user_id: UUID, replacer: int, upto: int) -> None:
    """Ends the sessions of every device up to the number `upto` but that of `replacer`, also of those that
    have no keys yet. May be repeated: devices that came later have higher numbers."""
    arguments = {"user": user_id, "device": replacer, "upto": upto, "reason": "revoked"}
    await connection.execute(END_OF_REPLACED, arguments)


async def end_all(connection: Connection, user_id: UUID, reason: SessionEnd) -> None:
    """Ends every session of the user."""
    await connection.execute(END, {"user": user_id, "reason": reason})
