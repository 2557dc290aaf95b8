"""One envelope's life: accepted, projected, pushed, and acknowledged, expired or gone with its device.

Pure: fed with records in order; an id may have been sent to several devices, each has a life of its own.
Entries that cannot matter are passed over by the caller without being decoded (`matters`).
"""

from typing import Literal
from uuid import UUID

import msgspec

from schema.events import (
    AccountDeleted,
    DeviceClosed,
    EnvelopeAccepted,
    EnvelopesAcknowledged,
    EnvelopesExpired,
    IdentitySet,
)
from schema.positions import Position
from workers.replay.records import Record

End = Literal["delivered", "expired", "device closed", "identity replaced", "account deleted"]


class Life(msgspec.Struct, kw_only=True):
    """Of an envelope for one device. `at`: by the node's clock, positions by the log's. `end` is None while
    it is owed."""

    user: UUID
    device: int
    seq: int
    partition: int
    accepted: Position
    at: int
    from_user: UUID
    from_device: int
    kind: str
    size: int | None
    digest: bytes
    projected: bool | None = None
    row: bool | None = None
    pushed: bool | None = None
    end: End | None = None
    ended: Position | None = None


class Trace:
    """The lives of the envelopes with this id, in the partitions that were read."""

    def __init__(self, envelope: UUID) -> None:
        self.envelope = envelope
        self.lives: list[Life] = []
        self._open: dict[UUID, list[Life]] = {}

    def take(self, record: Record) -> None:
        """One record; those of a partition in order."""
        event = record.event
        if isinstance(event, EnvelopeAccepted):
            if event.id == self.envelope:
                self._begin(event, record)
            return
        for life in list(self._open.get(event.user, ())):
            end = _end(life, record)
            if end is not None:
                life.end, life.ended = end, record.position
                self._open[event.user].remove(life)

    def _begin(self, event: EnvelopeAccepted, record: Record) -> None:
        life = Life(
            user=event.user, device=event.device, seq=record.seq or 0, partition=record.partition,
            accepted=record.position, at=event.at, from_user=event.from_user, from_device=event.from_device,
            kind=event.kind, size=len(event.body) if record.digest is None else None,
            digest=record.body_digest(),
        )  # fmt: skip
        self.lives.append(life)
        self._open.setdefault(event.user, []).append(life)


def _end(life: Life, record: Record) -> End | None:
    event, seq, mine = record.event, record.seq or 0, life.device == record.event.device
    match event:
        case EnvelopesAcknowledged() if mine and seq >= life.seq:
            return "delivered"
        case EnvelopesExpired() if mine and seq >= life.seq:
            return "expired"
        case DeviceClosed() if mine:
            return "device closed"
        case IdentitySet(change="replaced") if not mine:
            return "identity replaced"
        case AccountDeleted():
            return "account deleted"
        case _:
            return None
