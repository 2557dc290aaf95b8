"""The entries of a segment as rows, and how they are made from and turned back into log entries.

Invariant: a row has everything of its entry but an envelope's body, of which it has the SHA-256. The event's
own bytes are kept, so fields of a later version survive.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec

from schema import codec
from schema.events import EnvelopeAccepted
from schema.positions import START, Position
from workers.projector.digests import of_entry
from workers.replay.records import Record, Unreadable


class Row(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One entry: `ms` since the row before (or since 0), `n` within it, mailbox number, bytes of the encoded
    event, the event without its body, and the body's digest (empty for other events)."""

    ms: int
    n: int
    seq: int | None
    size: int
    event: msgspec.Raw
    digest: bytes


class UnreadableRow(msgspec.Struct, frozen=True, array_like=True):
    """An entry that could not be decoded, with the digest of its fields."""

    ms: int
    n: int
    reason: str
    user: UUID | None
    size: int
    digest: bytes


class Rows(msgspec.Struct, frozen=True, array_like=True):
    """A segment's payload."""

    rows: list[Row]
    unreadable: list[UnreadableRow]


class Body(msgspec.Struct, frozen=True, array_like=True):
    """A ciphertext that is kept too, and whose mailbox it was for."""

    ms: int
    n: int
    user: UUID
    body: bytes


RawEntry = tuple[Position, Mapping[bytes, bytes]]
NO_BODY: Final = b""


class Collected:
    """Gathers entries into rows, in their order. With `keep_bodies`, ciphertexts too."""

    def __init__(self, *, keep_bodies: bool = False) -> None:
        self.rows: list[Row] = []
        self.unreadable: list[UnreadableRow] = []
        self.bodies: list[Body] = []
        self.digests: list[tuple[Position, bytes]] = []
        """Of the entries that can be read, as they stand in the log."""
        self.body_bytes = 0
        self.first: Position | None = None
        self.last = START
        self._keep_bodies = keep_bodies
        self._ms = 0

    def __len__(self) -> int:
        return len(self.rows) + len(self.unreadable)

    def packed(self) -> Rows:
        """A segment's payload."""
        return Rows(self.rows, self.unreadable)

    def add(self, entries: Iterable[RawEntry]) -> None:
        """Adds the entries."""
        for position, fields in entries:
            self.first = self.first or position
            self.last = position
            try:
                self._add(position, fields)
            except codec.UndecodableEntry as error:
                self.unreadable.append(_unreadable(position, fields, error.reason))

    def _add(self, position: Position, fields: Mapping[bytes, bytes]) -> None:
        event, seq = codec.decode_entry(fields)
        data = fields[codec.EVENT_FIELD]
        kept, digest = data, b""
        if isinstance(event, EnvelopeAccepted):
            digest = sha256(event.body).digest()
            kept = codec.encode(msgspec.structs.replace(event, body=NO_BODY))
            if self._keep_bodies:
                self.bodies.append(Body(position.ms, position.n, event.user, event.body))
                self.body_bytes += len(event.body)
        number = seq if codec.SEQ_FIELD in fields else None
        row = Row(position.ms - self._ms, position.n, number, len(data), msgspec.Raw(kept), digest)
        self.rows.append(row)
        self.digests.append((position, of_entry(position, fields)))
        self._ms = position.ms


def records(partition: int, rows: Iterable[Row], bodies: Mapping[Position, bytes]) -> Iterator[Record]:
    """The rows as records; an envelope has its body where `bodies` has it. Raises UndecodableEntry."""
    ms = 0
    for row in rows:
        ms += row.ms
        position = Position(ms, row.n)
        event = codec.decode(row.event)
        body = bodies.get(position) if bodies else None
        if body is not None and isinstance(event, EnvelopeAccepted):
            event = msgspec.structs.replace(event, body=body)
        yield Record(partition, position, row.seq, event, row.digest or None, row.size)


def unreadables(partition: int, rows: Iterable[UnreadableRow]) -> list[Unreadable]:
    """As the log's reader names them."""
    return [Unreadable(partition, Position(row.ms, row.n), row.reason, row.user) for row in rows]


def _unreadable(position: Position, fields: Mapping[bytes, bytes], reason: str) -> UnreadableRow:
    data = b"".join(part for pair in sorted(fields.items()) for part in pair)
    user = codec.user_of(fields)
    return UnreadableRow(position.ms, position.n, reason, user, len(data), sha256(data).digest())
