"""`send`: check, admit, accept, answer. Everything of one event-loop turn goes together.

Invariant: a send that was accepted within the last hour gets its first answer again, also when its user is at
a limit by now or while no new send is accepted.

No task is made per message: a turn's sends share one, which asks the board for all of them in one
write and the log once per partition.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog

from relay import metrics
from relay.admission.admission import Admission
from relay.admission.budgets import UNANSWERED_BYTES
from relay.calls.answers import accepted, read, refused
from relay.delivery.live import LiveSocket
from relay.log.mailbox_log import MailboxLog
from relay.log.replies import Accepted
from schema.keys import id_text
from schema.limits import BODY_BYTES, CALL_BYTES, MESSAGES, OWN_COPIES
from schema.link import OutcomeUnknown
from schema.refusals import Refusal, invalid
from schema.wire_socket import Send

log = structlog.get_logger(__name__)


UNANSWERED_BYTES_OF_NODE: Final = 64 * 1024 * 1024
"""Bodies of all sends that wait for their answers; more are refused."""


class PendingSend(msgspec.Struct):
    """A send that waits for its answer; `counted` until it has it, or never will."""

    socket: LiveSocket
    packet_id: int | None
    send: Send
    size: int
    arrived: float
    counted: bool = True


class Sends:
    """Takes sends and answers each exactly once, or, if the outcome stays unknown, cuts the socket."""

    def __init__(
        self,
        mailbox_log: MailboxLog,
        admission: Admission,
        pressure: Callable[[], Refusal | None],
        sign: Callable[[Send, Accepted], list[bytes]],
        hand_over: Callable[[UUID, int, Send, Accepted], None],
        now: Callable[[], int],
    ) -> None:
        self._log = mailbox_log
        self._admission = admission
        self._pressure = pressure
        self._sign = sign
        self._hand_over = hand_over
        self._now = now
        self._turn: list[PendingSend] = []
        self._unanswered_bytes = 0
        self._running: set[asyncio.Task[None]] = set()
        self._accepting: set[asyncio.Future[Accepted]] = set()

    def submit(self, socket: LiveSocket, payload: msgspec.Raw, packet_id: int | None) -> None:
        """Takes one call. Raises Refusal invalid, too_large or rate_limited when it cannot be tried."""
        send, size = check(payload)
        if socket.budgets.unanswered_bytes + size > UNANSWERED_BYTES:
            raise Refusal("rate_limited", "Too much waits for an answer.", retry_after_ms=1000)
        if self._unanswered_bytes + size > UNANSWERED_BYTES_OF_NODE:
            raise Refusal("unavailable", "Too many sends wait for an answer.", retry_after_ms=1000)
        self._unanswered_bytes += size
        socket.budgets.calls += 1
        socket.budgets.unanswered_bytes += size
        self._turn.append(PendingSend(socket, packet_id, send, size, time.monotonic()))
        if len(self._turn) == 1:
            asyncio.get_running_loop().call_soon(self._flush)

    async def drain(self) -> None:
        """Waits until every send taken has been answered."""
        while self._turn or self._running or self._accepting:
            await asyncio.sleep(0)
            waiting: set[asyncio.Future[Any]] = {*self._running, *self._accepting}
            if waiting:
                await asyncio.wait(waiting)

    def _flush(self) -> None:
        turn, self._turn = self._turn, []
        task = asyncio.get_running_loop().create_task(self._run(turn))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, turn: list[PendingSend]) -> None:
        """A bug leaves the outcome of unanswered sends unknown."""
        try:
            await self._accept(turn)
        except Exception:
            log.exception("sends_failed")
            for pending in turn:
                if pending.counted:
                    self._leave_unanswered(pending)

    async def _accept(self, turn: list[PendingSend]) -> None:
        admitted = await self._admitted(turn)
        at = self._now()
        refusing: list[Coroutine[Any, Any, None]] = []
        for pending, refusal in zip(turn, admitted, strict=True):
            if refusal is None:
                socket = pending.socket
                future = self._log.accept(socket.user, socket.device, pending.send, at)
                self._accepting.add(future)
                future.add_done_callback(partial(self._settle, pending))
            else:
                refusing.append(self._refuse(pending, refusal))
        await asyncio.gather(*refusing)

    def _settle(self, pending: PendingSend, outcome: "asyncio.Future[Accepted]") -> None:
        """At once, whatever else of its turn still waits."""
        self._accepting.discard(outcome)
        try:
            answer = outcome.result()
            metrics.ACCEPTS.inc()
            metrics.ENVELOPES.inc(len(answer.seqs))
            socket = pending.socket
            self._hand_over(socket.user, socket.device, pending.send, answer)
            self._answer(pending, self._accepted(pending.send, answer))
        except Refusal as refusal:
            self._answer(pending, refused(refusal))
        except OutcomeUnknown:
            log.warning("send_outcome_unknown")
            self._leave_unanswered(pending)
        except Exception:
            log.exception("send_failed")
            self._leave_unanswered(pending)

    async def _admitted(self, turn: list[PendingSend]) -> list[Refusal | None]:
        """For each: None, or why it is not tried. A device's own resend counts once; the same id from another
        device is another message. What goes to one's own devices has a limit of its own."""
        if (refusal := self._pressure()) is not None:
            return [refusal] * len(turn)
        own = [one for one in turn if one.send.to == one.socket.user]
        if not own:
            return await self._asked(MESSAGES, turn)
        others = [one for one in turn if one.send.to != one.socket.user]
        found = await asyncio.gather(self._asked(MESSAGES, others), self._asked(OWN_COPIES, own))
        of_others, of_own = map(iter, found)
        return [next(of_own if one.send.to == one.socket.user else of_others) for one in turn]

    async def _asked(self, name: str, some: list[PendingSend]) -> list[Refusal | None]:
        return await self._admission.admit_all(
            name,
            [(one.socket.user, _event_id(one)) for one in some],
            [one.size for one in some],
        )

    async def _refuse(self, pending: PendingSend, refusal: Refusal) -> None:
        socket = pending.socket
        earlier = await self._log.answered(socket.user, socket.device, pending.send)
        self._answer(pending, refused(refusal) if earlier is None else self._accepted(pending.send, earlier))

    def _accepted(self, send: Send, answer: Accepted) -> dict[str, Any]:
        rows: list[dict[str, Any]] = [{"device_id": device, "seq": seq} for device, seq in answer.seqs]
        if send.receipt:
            for row, receipt in zip(rows, self._sign(send, answer), strict=False):
                row["receipt"] = receipt
        return accepted(accepted=rows, at=answer.at)

    def _leave_unanswered(self, pending: PendingSend) -> None:
        """The outcome is unknown."""
        self._uncount(pending)
        pending.socket.drop()

    def _uncount(self, pending: PendingSend) -> None:
        if not pending.counted:
            return
        pending.counted = False
        pending.socket.budgets.calls -= 1
        pending.socket.budgets.unanswered_bytes -= pending.size
        self._unanswered_bytes -= pending.size

    def _answer(self, pending: PendingSend, answer: dict[str, Any]) -> None:
        self._uncount(pending)
        metrics.SEND_SECONDS.observe(time.monotonic() - pending.arrived)
        pending.socket.answer(pending.packet_id, answer)


def _event_id(pending: PendingSend) -> str:
    send = pending.send
    return f"{id_text(send.id)}{id_text(send.to)}{pending.socket.device}"


def check(payload: msgspec.Raw) -> tuple[Send, int]:
    """The call as a Send, and the bytes of its bodies.

    Raises Refusal invalid (with the field's path) or too_large.
    """
    send = read(payload, Send)
    whole = 0
    devices: set[int] = set()
    for index, envelope in enumerate(send.envelopes):
        if len(envelope.body) > BODY_BYTES:
            raise Refusal(
                "too_large", f"A body is at most {BODY_BYTES} bytes.", path=f"$.envelopes[{index}].body"
            )
        if envelope.device_id in devices:
            raise invalid(f"$.envelopes[{index}].device_id", "This device has an envelope already.")
        devices.add(envelope.device_id)
        whole += len(envelope.body)
    if whole > CALL_BYTES:
        raise Refusal("too_large", f"A call is at most {CALL_BYTES} bytes.")
    return send, whole
