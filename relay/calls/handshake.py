"""The handshake: a token becomes a live socket, or a typed refusal.

Invariant: a user's window of connections counts every socket. Of attempts in a row that the relay itself
refused with `unavailable` it counts the first, but not the five that follow. So an outage of the board does
not lock users out for the minute after it, and a client that never waits is refused all the same.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID, uuid4

from relay import metrics
from relay.admission.admission import Admission
from relay.admission.room import Room
from relay.auth.tokens import Claims
from relay.delivery.live import LiveSocket
from relay.delivery.presence import Presence
from relay.delivery.registry import Registry
from relay.log.mailbox_log import MailboxLog
from relay.sockets.lean_socket import LeanSocket
from schema.limits import CONNECTIONS
from schema.refusals import Refusal

ASKING_SECONDS: Final = 4.0
"""A server that answers no sooner counts as away: the client must hear so before its five seconds to
authenticate are over."""
UNFINISHED_MOST: Final = 10_000
"""Users whose last attempt is remembered; the oldest is forgotten, and counts."""


class Attempts:
    """Names attempts to connect. The window counts a name once, and five repetitions not at all. An attempt
    that was refused with `unavailable` passes its name on to its user's next: the board may have counted it,
    or does so late when it only stood still."""

    def __init__(self) -> None:
        self._unfinished: dict[UUID, str] = {}

    def begin(self, user: UUID) -> str:
        """A name that no other attempt under way has."""
        return self._unfinished.pop(user, "") or str(uuid4())

    def unavailable(self, user: UUID, name: str) -> None:
        """The attempt came to nothing, by no fault of the client's."""
        self._unfinished[user] = name
        if len(self._unfinished) > UNFINISHED_MOST:
            del self._unfinished[next(iter(self._unfinished))]


class Handshake:
    """Lets a connection in: token, login session, device, room, connection window, then presence."""

    def __init__(
        self,
        verify: Callable[[str], Awaitable[Claims]],
        mailbox_log: MailboxLog,
        admission: Admission,
        presence: Presence,
        registry: Registry,
        room: Room,
    ) -> None:
        self._verify = verify
        self._log = mailbox_log
        self._admission = admission
        self._presence = presence
        self._registry = registry
        self._room = room
        self._attempts = Attempts()

    async def admit(self, wire: LeanSocket, token: str | None) -> LiveSocket:
        """The live socket, registered on the board.

        Raises Refusal unauthorized, token_expired, rate_limited, device_inactive or unavailable.
        """
        if token is None:
            raise Refusal("unauthorized", "The handshake needs auth: {token}.")
        try:
            async with asyncio.timeout(ASKING_SECONDS):
                claims = await self._known(token)
                await self._registered(claims, wire.sid)
        except TimeoutError as error:
            raise Refusal("unavailable", "A server does not answer.", retry_after_ms=1000) from error
        return LiveSocket(wire, claims.user_id, claims.device_id, claims.session_id, claims.expires_at)

    async def _known(self, token: str) -> Claims:
        claims = await self._verify(token)
        if await self._log.mailbox(claims.user_id, claims.device_id) is None:
            raise Refusal("device_inactive", "This device has not published keys, or was closed.")
        self._check_room(claims)
        return claims

    async def _registered(self, claims: Claims, sid: str) -> None:
        """Counts the attempt, then makes the socket the device's live one."""
        attempt = self._attempts.begin(claims.user_id)
        try:
            await self._admission.admit(CONNECTIONS, claims.user_id, attempt)
            await self._presence.register(claims.user_id, claims.device_id, sid)
        except asyncio.CancelledError:  # the time is over
            self._attempts.unavailable(claims.user_id, attempt)
            raise
        except Refusal as refusal:
            if refusal.code == "unavailable":
                self._attempts.unavailable(claims.user_id, attempt)
            raise

    def _check_room(self, claims: Claims) -> None:
        """Raises Refusal unavailable when the node is full and the device has no socket here to replace."""
        is_new = self._registry.device(claims.user_id, claims.device_id) is None
        if is_new and len(self._registry) >= self._room.live:
            metrics.CONNECTIONS_REFUSED.labels("live").inc()
            raise Refusal("unavailable", "This node has no room for another socket.", retry_after_ms=5000)
