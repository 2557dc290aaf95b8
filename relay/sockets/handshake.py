"""The handshake: a token becomes a live socket, or a typed refusal."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from relay import metrics
from relay.admission import Admission
from relay.auth.tokens import Claims
from relay.mailbox_log import MailboxLog
from relay.presence import Presence
from relay.room import Room
from relay.sockets.lean_socket import LeanSocket
from relay.sockets.live import LiveSocket
from relay.sockets.registry import Registry
from schema.limits import CONNECTIONS
from schema.refusals import Refusal

ASKING_SECONDS: Final = 4.0
"""A server that answers no sooner counts as away: the client must hear so before its five seconds to
authenticate are over."""


class Doorkeeper:
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

    async def admit(self, wire: LeanSocket, token: str | None) -> LiveSocket:
        """The live socket, registered on the board.

        Raises Refusal unauthorized, token_expired, rate_limited, device_inactive or unavailable.
        """
        if token is None:
            raise Refusal("unauthorized", "The handshake needs auth: {token}.")
        try:
            async with asyncio.timeout(ASKING_SECONDS):
                claims = await self._asked(token)
        except TimeoutError as error:
            raise Refusal("unavailable", "A server does not answer.", retry_after_ms=1000) from error
        await self._presence.register(claims.user_id, claims.device_id, wire.sid)
        return LiveSocket(wire, claims.user_id, claims.device_id, claims.session_id, claims.expires_at)

    async def _asked(self, token: str) -> Claims:
        claims = await self._verify(token)
        if await self._log.mailbox(claims.user_id, claims.device_id) is None:
            raise Refusal("device_inactive", "This device has not published keys, or was closed.")
        self._check_room(claims)
        await self._admission.admit(CONNECTIONS, claims.user_id)
        return claims

    def _check_room(self, claims: Claims) -> None:
        """Raises Refusal unavailable when the node is full and the device has no socket here to replace."""
        is_new = self._registry.device(claims.user_id, claims.device_id) is None
        if is_new and len(self._registry) >= self._room.live:
            metrics.CONNECTIONS_REFUSED.labels("live").inc()
            raise Refusal("unavailable", "This node has no room for another socket.", retry_after_ms=5000)
