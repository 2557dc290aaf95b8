"""The one encoder and the one decoder of log entries (MessagePack by msgspec)."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec

from schema.events import Event, LogEvent, Refused

EVENT_FIELD: Final = b"e"
"""The stream field that holds an encoded event."""
SEQ_FIELD: Final = b"n"
"""The stream field that holds the mailbox number, in decimal, where the event has one."""
SERVER_FIELD: Final = b"s"
"""The stream field that names the node that accepted an envelope (`relay.delivery.hand_over`)."""


class _Whose(msgspec.Struct, frozen=True, array_like=True):
    """How every event begins, whatever else it may say."""

    tag: str
    user: UUID


_encoder = msgspec.msgpack.Encoder(uuid_format="bytes")
_decoder = msgspec.msgpack.Decoder(LogEvent)
_whose_decoder = msgspec.msgpack.Decoder(_Whose)
_refused_decoder = msgspec.msgpack.Decoder(Refused)


class UndecodableEntry(ValueError):
    """A stream entry that is not one of ours; `reason` says what is wrong with it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def encode(event: Event | Refused) -> bytes:
    """The bytes of `event` for the stream field `EVENT_FIELD`."""
    return _encoder.encode(event)


def decode(data: bytes) -> LogEvent:
    """The event in `data`. Raises UndecodableEntry."""
    try:
        event: LogEvent = _decoder.decode(data)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise UndecodableEntry(str(error)) from error
    return event


def decode_entry(fields: Mapping[bytes, bytes]) -> tuple[LogEvent, int]:
    """The event of a stream entry and its mailbox number (0 where it has none).

    Raises UndecodableEntry.
    """
    data = fields.get(EVENT_FIELD)
    if data is None:
        raise UndecodableEntry("the entry has no event field")
    try:
        seq = int(fields.get(SEQ_FIELD, b"0"))
    except ValueError as error:
        raise UndecodableEntry("the mailbox number is not a number") from error
    return decode(data), seq


def user_of(fields: Mapping[bytes, bytes]) -> UUID | None:
    """Whose stream entry it is, if that much can be read of one that cannot be decoded."""
    try:
        return _whose_decoder.decode(fields.get(EVENT_FIELD, b"")).user
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        return None


def decode_refused(data: bytes) -> Refused:
    """An entry of the limits stream. Raises UndecodableEntry."""
    try:
        return _refused_decoder.decode(data)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise UndecodableEntry(str(error)) from error
