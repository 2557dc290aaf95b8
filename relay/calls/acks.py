"""`ack`: a device has stored its envelopes up to a number. Merged: per device, the highest of a turn.

Invariant: every acknowledgement is answered exactly once, after the cursor is on the log's disk. If the
outcome stays unknown, the socket is cut. Flow control does not wait for the log: stored envelopes take no
room from the moment the device acknowledges them.

A turn lasts up to TURN_SECONDS. So the log has one entry per device and turn. Only the device itself waits
for the answer, and it goes on meanwhile.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final
from uuid import UUID

import msgspec

from relay import metrics
from relay.calls.answers import accepted, refused
from relay.delivery.live import LiveSocket
from relay.log.mailbox_log import MailboxLog
from schema.refusals import Refusal

TURN_SECONDS: Final = 0.1
ACKS_OF_A_DEVICE: Final = 32
"""So many end the turn: each is a call of its user until it is answered (`relay.admission.budgets`)."""


class PendingAck(msgspec.Struct, frozen=True):
    """An acknowledgement that waits for its answer."""

    socket: LiveSocket
    packet_id: int | None
    upto: int


class Acknowledgements:
    """One node's. `go_on` is called with a socket that may have room again."""

    def __init__(
        self, mailbox_log: MailboxLog, go_on: Callable[[LiveSocket], None], now: Callable[[], int]
    ) -> None:
        self._log = mailbox_log
        self._go_on = go_on
        self._now = now
        self._turn: dict[tuple[UUID, int], list[PendingAck]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._under_way: set[asyncio.Future[int]] = set()

    def submit(self, socket: LiveSocket, upto: int, packet_id: int | None) -> None:
        """Takes one acknowledgement."""
        socket.budgets.calls += 1
        socket.window.settle(min(upto, socket.window.sent))
        self._go_on(socket)
        acks = self._turn.setdefault((socket.user, socket.device), [])
        acks.append(PendingAck(socket, packet_id, upto))
        if len(acks) >= ACKS_OF_A_DEVICE:
            self._flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TURN_SECONDS, self._flush)

    async def drain(self) -> None:
        """Waits until every acknowledgement taken has been answered."""
        self._flush()
        while self._under_way:
            await asyncio.wait(set(self._under_way))
            await asyncio.sleep(0)  # an answer may have led to further calls

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        turn, self._turn = self._turn, {}
        for acks in turn.values():
            self._acknowledge(acks)

    def _acknowledge(self, acks: list[PendingAck]) -> None:
        socket, upto = acks[0].socket, max(ack.upto for ack in acks)
        future = self._log.acknowledge(socket.user, socket.device, upto, self._now())
        self._under_way.add(future)
        future.add_done_callback(partial(self._acknowledged, acks))

    def _acknowledged(self, acks: list[PendingAck], done: "asyncio.Future[int]") -> None:
        self._under_way.discard(done)
        error = done.exception()
        if isinstance(error, Refusal) and error.code == "invalid" and len({ack.upto for ack in acks}) > 1:
            for ack in acks:  # one of them is beyond the head; the others may be valid
                self._acknowledge([ack])
            return
        for ack in acks:
            socket = ack.socket
            socket.budgets.calls -= 1
            if error is None:
                metrics.ACKNOWLEDGED.inc()
                socket.window.settle(done.result())
                socket.answer(ack.packet_id, accepted())
                self._go_on(socket)
            elif isinstance(error, Refusal):
                socket.answer(ack.packet_id, refused(error))
            else:
                socket.drop()
