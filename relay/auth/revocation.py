"""Revocation: every node knows, within seconds, which login sessions have ended.

Invariant: an access token of an ended session is refused by every node that can read the database,
two seconds after the end at the latest; while the database is away, by every node that knew.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, Literal
from uuid import UUID

import msgspec
import structlog

from relay.database import CLOCK, DATABASE_AWAY, Database, transaction

log = structlog.get_logger(__name__)

SessionEnd = Literal["revoked", "account_deleted"]
"""Why a login session ended: a row of the wire's `session.ended` reasons."""

READ_EVERY_SECONDS: Final = 2.0
REMEMBERED_MS: Final = 1_200_000
"""Longer than an access token lives: after that, the token has expired by itself."""

SELECT_ENDED: Final = f"""
    SELECT session_id, end_reason
      FROM login_sessions
     WHERE ended_at IS NOT NULL AND ended_at > {CLOCK} - %s
"""  # noqa: S608 - put together from our own constants


class Revocation:
    """Sessions that ended within the life of a token. `watch` keeps it fresh."""

    def __init__(self, database: Database, *, read_every_seconds: float = READ_EVERY_SECONDS) -> None:
        self._database = database
        self._every = read_every_seconds
        self._ended: dict[UUID, SessionEnd] = {}
        self._wake = asyncio.Event()

    def is_ended(self, session_id: UUID) -> SessionEnd | None:
        """Why the session ended, or None as far as this node knows."""
        return self._ended.get(session_id)

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
            rows = await (await connection.execute(SELECT_ENDED, (REMEMBERED_MS,))).fetchall()
        found = {session_id: msgspec.convert(reason, SessionEnd) for session_id, reason in rows}
        news = {session_id: reason for session_id, reason in found.items() if session_id not in self._ended}
        self._ended = found
        return news
