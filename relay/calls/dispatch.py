"""The socket's calls: one row per event, each answered once.

`send` and `ack` are taken without a task of their own; the others are rare and get one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final
from uuid import UUID

import structlog
from msgspec import Raw

from relay.admission.budgets import CALLS_AT_ONCE
from relay.auth.tokens import Claims
from relay.calls.acks import Acknowledgements
from relay.calls.answers import accepted, read, refused
from relay.calls.sends import Sends
from relay.delivery.catch_up import CatchUp
from relay.delivery.live import LiveSocket
from relay.delivery.presence import Presence
from relay.log.mailbox_log import MailboxLog
from schema.failures import DATABASE_AWAY
from schema.inbox import Ephemeral
from schema.limits import BODY_BYTES, CALL_BYTES
from schema.link import OutcomeUnknown
from schema.refusals import Refusal, invalid
from schema.wire_socket import Ack, AuthRefresh, SendEphemeral, Watch

log = structlog.get_logger(__name__)

Answer = dict[str, Any]
_RETRY_MS: Final = 1000
WATCHED_BYTES_PER_UNIT: Final = 20 * 38
"""Twenty users on the list. Counted in bytes: what is refused is not decoded first."""
BYTES_PER_UNIT: Final = 4096
"""What costs a user's budget as much as one more of it would (see relay/admission/budgets.py)."""


class Calls:
    """Dispatches one socket event to its handler."""

    def __init__(
        self,
        sends: Sends,
        mailbox_log: MailboxLog,
        presence: Presence,
        catch_up: CatchUp,
        verify: Callable[[str], Awaitable[Claims]],
        move: Callable[[LiveSocket, UUID], None],
        now: Callable[[], int],
    ) -> None:
        """`move` makes a socket another login session's (`relay.delivery.registry`)."""
        self._sends = sends
        self._acks = Acknowledgements(mailbox_log, self._go_on, now)
        self._presence = presence
        self._catch_up = catch_up
        self._verify = verify
        self._move = move
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False
        self._awaited: dict[str, Callable[[LiveSocket, Raw], Coroutine[Any, Any, Answer]]] = {
            "presence.watch": self._read_watch,
            "ephemeral": self._read_ephemeral,
            "auth.refresh": self._read_refresh,
        }

    def dispatch(self, socket: LiveSocket, event: str, payload: Raw, packet_id: int | None) -> None:
        """Takes one call; every refusal is answered, none is raised."""
        try:
            if self._draining:
                raise Refusal("unavailable", "This node ends; connect again.", retry_after_ms=_RETRY_MS)
            if socket.budgets.calls >= CALLS_AT_ONCE:
                raise Refusal("rate_limited", "Too many calls at once.", retry_after_ms=_RETRY_MS)
            if event == "send":
                self._sends.submit(socket, payload, packet_id)
            elif event == "ack":
                self._acks.submit(socket, read(payload, Ack).upto, packet_id)
            elif event in self._awaited:
                self._start(socket, self._awaited[event](socket, payload), packet_id)
            else:
                raise invalid("$", "There is no such event.")
        except Refusal as refusal:
            socket.answer(packet_id, refused(refusal))

    async def drain(self) -> None:
        """Refuses what comes from now on, and waits for the calls that are under way."""
        self._draining = True
        await asyncio.gather(self._sends.drain(), self._acks.drain())
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    def _go_on(self, socket: LiveSocket) -> None:
        if not socket.live:
            self._catch_up.start(socket)

    def _start(self, socket: LiveSocket, call: Awaitable[Answer], packet_id: int | None) -> None:
        socket.budgets.calls += 1
        task = asyncio.get_running_loop().create_task(self._run(socket, call, packet_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, socket: LiveSocket, call: Awaitable[Answer], packet_id: int | None) -> None:
        try:
            answer = await call
        except Refusal as refusal:
            answer = refused(refusal)
        except (OutcomeUnknown, *DATABASE_AWAY):
            answer = refused(Refusal("unavailable", retry_after_ms=_RETRY_MS))
        except Exception:
            log.exception("call_failed")
            answer = refused(Refusal("internal"))
        socket.budgets.calls -= 1
        socket.answer(packet_id, answer)

    def _read_watch(self, socket: LiveSocket, payload: Raw) -> Coroutine[Any, Any, Answer]:
        """The waiting call does not keep the payload, which may be longer than its list."""
        socket.budgets.watching.spend(1 + len(memoryview(payload)) // WATCHED_BYTES_PER_UNIT)
        return self._watch(socket, frozenset(read(payload, Watch).users))

    async def _watch(self, socket: LiveSocket, wanted: frozenset[UUID]) -> Answer:
        before = socket.watched
        socket.watch(wanted)  # at once: a notice may arrive before the reply
        try:
            online = await self._presence.watch(socket.user, socket.device, socket.id, wanted)
        except Refusal:
            if socket.watched is wanted:
                socket.watch(before)
            raise
        for user in online:
            socket.note_presence(user, online=True)
        return accepted(online=[str(user) for user in online])

    def _read_ephemeral(self, socket: LiveSocket, payload: Raw) -> Coroutine[Any, Any, Answer]:
        call = read(payload, SendEphemeral)
        for index, envelope in enumerate(call.envelopes):
            if len(envelope.body) > BODY_BYTES:
                raise Refusal("too_large", path=f"$.envelopes[{index}].body")
        sizes = [len(envelope.body) for envelope in call.envelopes]
        if sum(sizes) > CALL_BYTES:
            raise Refusal("too_large", f"A call is at most {CALL_BYTES} bytes.")
        socket.budgets.passing.spend(max(1, sum(1 + size // BYTES_PER_UNIT for size in sizes)))
        items = [
            Ephemeral(call.to, envelope.device_id, socket.user, socket.device, envelope.body)
            for envelope in call.envelopes
        ]
        return self._ephemeral(call.to, items)

    async def _ephemeral(self, to: UUID, items: list[Ephemeral]) -> Answer:
        if items:
            await self._presence.pass_on(to, items)
        return accepted()

    def _read_refresh(self, socket: LiveSocket, payload: Raw) -> Coroutine[Any, Any, Answer]:
        token = read(payload, AuthRefresh).token
        socket.budgets.renewing.spend(1)
        return self._refresh(socket, token)

    async def _refresh(self, socket: LiveSocket, token: str) -> Answer:
        claims = await self._verify(token)
        if (claims.user_id, claims.device_id) != (socket.user, socket.device):
            raise Refusal("unauthorized", "The token is for another device.")
        self._move(socket, claims.session_id)
        socket.expires_at = max(socket.expires_at, claims.expires_at)
        return accepted()
