"""Revocation: every node knows, within seconds, which login sessions have ended.

Invariant: an access token of an ended session is refused by every node that can read the database,
two seconds after the end at the latest; while the database is away, by every node that knew.

A reading begins where the one before began, by the database's clock, and `OVERLAP_MS` earlier: an end has the
time of its statement, and is seen when its transaction commits. What the node knows is not read again. When
that clock went back (it was set, or another server is the primary now), everything is read again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, Literal, NamedTuple
from uuid import UUID

import msgspec
import structlog

from relay import metrics
from relay.database import CLOCK, Database, transaction
from schema.failures import DATABASE_AWAY

log = structlog.get_logger(__name__)

SessionEnd = Literal["revoked", "account_deleted"]
"""Why a login session ended: a row of the wire's `session.ended` reasons."""

READ_EVERY_SECONDS: Final = 2.0
REMEMBERED_MS: Final = 1_200_000
"""Longer than an access token lives: after that, the token has expired by itself."""

OVERLAP_MS: Final = 30_000
"""Longer than any transaction that ends a session takes (`relay.database.TRANSACTION_SECONDS`)."""

SELECT_CLOCK: Final = f"SELECT {CLOCK}"
SELECT_ENDED: Final = """
    SELECT session_id, end_reason, ended_at
      FROM login_sessions
     WHERE ended_at IS NOT NULL AND ended_at > %(begin)s AND session_id <> ALL(%(known)s::uuid[])
"""


class Ended(NamedTuple):
    """Why a login session ended, and when (ms, by the database's clock)."""

    reason: SessionEnd
    at: int


class Revocation:
    """Sessions that ended within the life of a token. `watch` keeps it fresh."""

    def __init__(self, database: Database, *, read_every_seconds: float = READ_EVERY_SECONDS) -> None:
        self._database = database
        self._every = read_every_seconds
        self._ended: dict[UUID, Ended] = {}
        self._read_at: int | None = None
        self._wake = asyncio.Event()

    def is_ended(self, session_id: UUID) -> SessionEnd | None:
        """Why the session ended, or None as far as this node knows."""
        ended = self._ended.get(session_id)
        return None if ended is None else ended.reason

    def look_now(self) -> None:
        """Sessions were ended on this node: their sockets here need not wait for the next reading."""
        self._wake.set()

    async def watch(self, ended: Callable[[UUID, SessionEnd], Awaitable[None]]) -> None:
        """Calls `ended` once for every session that ends, until cancelled."""
        while True:
            try:
                news = await self._read()
            except DATABASE_AWAY as error:
                news = {}
                log.warning("revocations_not_read", error=type(error).__name__)
            for session_id, reason in news.items():
                await ended(session_id, reason)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._wake.wait()
            self._wake.clear()

    async def _read(self) -> dict[UUID, SessionEnd]:
        """What is new since the last reading."""
        async with transaction(self._database) as connection:
            (now,) = await (await connection.execute(SELECT_CLOCK)).fetchone() or (0,)
            begin = now - REMEMBERED_MS
            if self._read_at is not None and now >= self._read_at:
                begin = max(begin, self._read_at - OVERLAP_MS)
            known = [session_id for session_id, end in self._ended.items() if end.at > begin]
            rows = await (await connection.execute(SELECT_ENDED, {"begin": begin, "known": known})).fetchall()
        metrics.ENDED_SESSIONS_READ.inc(len(rows))
        news = {session_id: Ended(msgspec.convert(reason, SessionEnd), at) for session_id, reason, at in rows}
        self._read_at = now
        self._ended.update(news)
        for session_id in [old for old, end in self._ended.items() if end.at <= now - REMEMBERED_MS]:
            del self._ended[session_id]
        return {session_id: end.reason for session_id, end in news.items()}
