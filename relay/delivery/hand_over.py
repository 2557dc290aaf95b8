"""Envelopes for this node's own sockets: the node that accepted them hands them over on the log's answer.

The entry in the log names the node, and the pusher passes over what the node that holds the socket accepted
itself. Invariant: such an envelope reaches the socket all the same.
- The socket was in the registry when the log answered: it is handed over, or remembered by its catch-up.
- It was not: its catch-up reads the mailbox's head later than that, so the head covers the envelope.
- The log never answered: the node changes its name (`relay.log.serving_name`). Once the board has the new
  one, the pusher passes over nothing that has the earlier name, and all sockets catch up.
"""

import asyncio
from collections.abc import Callable
from uuid import UUID

from relay import metrics
from relay.delivery.catch_up import CatchUp
from relay.delivery.live import LiveSocket
from relay.delivery.registry import Registry
from relay.delivery.window import Verdict
from relay.log.replies import Accepted
from schema.events import EnvelopeAccepted
from schema.wire_socket import Send


class HandOver:
    """Takes accepted envelopes to the sockets of this node; those of one loop iteration share an event."""

    def __init__(self, registry: Registry, catch_up: CatchUp, now: Callable[[], int]) -> None:
        self._registry = registry
        self._catch_up = catch_up
        self._now = now
        self._touched: set[LiveSocket] = set()

    def accepted(self, sender: UUID, sender_device: int, send: Send, answer: Accepted) -> None:
        """The log answered the send. What it remembered from an earlier call may have other bodies."""
        sockets = self._registry.devices(send.to)
        if not sockets:
            return
        bodies = {envelope.device_id: envelope for envelope in send.envelopes}
        for device, seq in answer.seqs:
            socket = sockets.get(device)
            if socket is None:
                continue
            if answer.is_repeated:
                self._catch_up.expect(socket, seq)
                continue
            envelope = bodies[device]
            event = EnvelopeAccepted(
                user=send.to,
                device=device,
                at=answer.at,
                id=send.id,
                from_user=sender,
                from_device=sender_device,
                kind=envelope.kind,
                body=envelope.body,
            )
            self._push(socket, seq, event)

    def _push(self, socket: LiveSocket, seq: int, event: EnvelopeAccepted) -> None:
        metrics.PUSH_SECONDS.observe(max(0, self._now() - event.at) / 1000)
        verdict = socket.push(seq, event)
        if verdict is Verdict.GAP:
            self._catch_up.wait(socket)
        elif verdict is Verdict.FULL:
            self._catch_up.start(socket)
        if not self._touched:
            asyncio.get_running_loop().call_soon(self._flush)
        self._touched.add(socket)

    def _flush(self) -> None:
        touched, self._touched = self._touched, set()
        metrics.PUSHED.inc(sum(socket.flush() for socket in touched))
