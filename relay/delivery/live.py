"""A live socket: an authenticated device on one connection, and what it is being sent."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import msgspec

from relay.admission.budgets import UserBudgets
from relay.delivery.window import SendWindow, Verdict
from relay.sockets.lean_socket import LeanSocket
from relay.sockets.packet import ack_frame, disconnect_frame, encoded, event_frame
from schema.events import EnvelopeAccepted
from schema.inbox import EndReason
from schema.limits import EVENT_BYTES
from schema.wire_socket import envelope_out

EMPTY_EVENT_BYTES: Final = len(event_frame("envelopes", [])) + 4
"""What an `envelopes` event has beside its envelopes, however many they are."""
BUFFERED_PUSHES: Final = 256
BUFFERED_BYTES: Final = 1024 * 1024
"""Pushes kept while catching up, or behind a gap: they save reading what is only on its way to Postgres."""
PUSH_OVERHEAD_BYTES: Final = 512
"""What a remembered push takes beside its body."""
NOBODY: Final[frozenset[UUID]] = frozenset()


class LiveSocket:
    """Who it is (`user`, `device`, `session`), until when its token lasts, what it was sent.

    While `live`, pushes go straight out; one that comes before an earlier number is remembered. Otherwise a
    catch-up reads the mailbox, and pushes are only remembered.
    """

    def __init__(self, wire: LeanSocket, user: UUID, device: int, session: UUID, expires_at: int) -> None:
        self.user = user
        self.device = device
        self.session = session
        self.expires_at = expires_at
        self.window = SendWindow()
        self.live = False
        self.catching_up = False
        self.caught_up_once = False
        self.notified_expired = 0
        self.highest_pushed = 0
        self.awaits_number = False
        self.budgets = UserBudgets()
        self.note_held: Callable[[int], None] = _ignore
        self.watched = NOBODY
        self._shown_online: set[UUID] = set()
        self.ended = False
        self._wire = wire
        self._pushed: dict[int, EnvelopeAccepted] = {}
        self._pushed_bytes = 0
        self._outgoing: list[list[msgspec.Raw]] = []
        self._outgoing_bytes = 0
        self._last_event_bytes = 0

    @property
    def id(self) -> str:
        """The connection's id."""
        return self._wire.sid

    @property
    def unsent(self) -> int:
        """Bytes written and not yet taken by the network."""
        return self._wire.unsent

    @property
    def held(self) -> int:
        """Bytes of the node's memory: what is unsent, queued or arriving, and pushes that are remembered."""
        return self._wire.unsent + self._wire.incoming + self._outgoing_bytes + self._pushed_bytes

    @property
    def room(self) -> int:
        """How many bytes more may be queued now; 0 or less: the client must receive some first."""
        return self._wire.room - self._outgoing_bytes

    def when_room(self, then: Callable[[], None]) -> None:
        """Calls `then`, once, when the client has received enough; perhaps never."""
        self._wire.when_room(then)

    def emit(self, event: str, data: Any) -> None:
        """Sends one event."""
        if not self.ended:
            self._wire.write(event_frame(event, data))

    def watch(self, users: frozenset[UUID]) -> None:
        """The device watches these from now on; it does not know yet which of them are online."""
        self.watched = users
        self._shown_online.clear()

    def send_presence(self, user: UUID, *, online: bool) -> None:
        """Tells whether `user` is online, if this device watches that user."""
        if user in self.watched:
            self.note_presence(user, online=online)
            self.emit("presence", {"user_id": str(user), "online": online})

    def note_presence(self, user: UUID, *, online: bool) -> None:
        """The client knows whether `user` is online."""
        (self._shown_online.add if online else self._shown_online.discard)(user)

    def correct_presence(self, online: set[UUID]) -> bool:
        """Tells what differs from `online`, who of the watched users is; whether anything did."""
        shown = self._shown_online & self.watched
        for user in shown - online:
            self.send_presence(user, online=False)
        for user in online - shown:
            self.send_presence(user, online=True)
        return shown != online

    def when_received(self, then: Callable[[], None]) -> None:
        """Calls `then` once everything emitted so far has certainly reached the client; perhaps never."""
        self._wire.when_received(then)

    def answer(self, packet_id: int | None, answer: Any) -> None:
        """Answers one call, if the client asked for an answer."""
        if packet_id is not None and not self.ended:
            self._wire.write(ack_frame(packet_id, answer))

    def end(self, reason: EndReason) -> None:
        """Sends `session.ended` with the reason, and closes. A client reconnects by itself after a shutdown
        only."""
        if not self.ended:
            self.emit("session.ended", {"reason": reason})
            self.ended = True
            if reason != "shutdown":
                self._wire.write(disconnect_frame())
            self._wire.close()

    def drop(self) -> None:
        """Cuts the connection without a word: the outcome of a call is unknown."""
        self.ended = True
        self._wire.abort()

    def push(self, seq: int, event: EnvelopeAccepted) -> Verdict:
        """Queues a push for the next flush (SEND), or asks for a read of the mailbox (GAP, FULL)."""
        self.highest_pushed = max(self.highest_pushed, seq)
        if not self.live:
            self._remember(seq, event)
            return Verdict.OLD
        verdict = self.queue(seq, event)
        if verdict is Verdict.GAP:
            self._remember(seq, event)
        elif verdict is Verdict.SEND and self._pushed and not self.queue_remembered():
            return Verdict.FULL
        return verdict

    def queue_remembered(self) -> bool:
        """Queues remembered pushes as long as they are the next numbers; False when there is no room."""
        while (event := self._pushed.get(self.window.sent + 1)) is not None:
            if self.queue(self.window.sent + 1, event) is not Verdict.SEND:
                return False
            self._forget(self.window.sent)
        return True

    def queue(self, seq: int, event: EnvelopeAccepted) -> Verdict:
        """Queues the envelope for the next flush if it is the next one and there is room."""
        if seq == self.window.sent + 1 and self.room <= 0:
            return Verdict.FULL
        verdict = self.window.offer(seq, len(event.body))
        if verdict is Verdict.SEND:
            self._append(encoded(envelope_out(event, seq)))
        return verdict

    def _append(self, envelope: msgspec.Raw) -> None:
        """Into the event that is being filled, or the next one if it would exceed EVENT_BYTES."""
        size = len(envelope)
        if not self._outgoing or self._last_event_bytes + size > EVENT_BYTES:
            self._outgoing.append([])
            self._last_event_bytes = EMPTY_EVENT_BYTES
        self._outgoing[-1].append(envelope)
        self._last_event_bytes += size
        self._outgoing_bytes += size

    def flush(self) -> int:
        """Sends the queue, in events of at most EVENT_BYTES; the number of envelopes."""
        events, self._outgoing, self._outgoing_bytes = self._outgoing, [], 0
        for envelopes in events:
            self.emit("envelopes", envelopes)
        return sum(len(envelopes) for envelopes in events)

    def forget_pushes(self) -> None:
        """Drops the remembered pushes."""
        self._pushed.clear()
        self._pushed_bytes = 0

    def _forget(self, seq: int) -> None:
        self._pushed_bytes -= len(self._pushed.pop(seq).body) + PUSH_OVERHEAD_BYTES

    def _remember(self, seq: int, event: EnvelopeAccepted) -> None:
        size = len(event.body) + PUSH_OVERHEAD_BYTES
        is_new = seq not in self._pushed
        if is_new and len(self._pushed) < BUFFERED_PUSHES and self._pushed_bytes + size <= BUFFERED_BYTES:
            self._pushed[seq] = event
            self._pushed_bytes += size
            self.note_held(size)


def _ignore(size: int) -> None:
    """Nobody counts what this socket holds."""
