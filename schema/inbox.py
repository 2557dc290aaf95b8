"""What a node's inbox says: the pairs of a stream entry on the board.

| field | value | meaning |
|---|---|---|
| `c` | COUNT | how many entries were ever appended; a jump means that some were lost |
| `p:SEQ` | an encoded EnvelopeAccepted | a push: the envelope with that mailbox number |
| `x:UPTO` | an encoded EnvelopesExpired | those envelopes expired |
| `end` | `USER DEVICE SOCKET REASON` | close that socket; DEVICE or SOCKET may be `*` |
| `on`, `off` | `WATCHER SUBJECT` | SUBJECT came online or went offline, tell WATCHER |
| `e` | an encoded Ephemeral | pass it to the device's socket |
| `low` | `USER DEVICE AVAILABLE` | few one-time prekeys remain; then a space and how many one-time KEM |
| | | prekeys remain, if those are few |
"""

from typing import Final, Literal
from uuid import UUID

import msgspec

from schema import codec
from schema.events import EnvelopeAccepted, EnvelopesExpired

COUNT: Final = b"c"

EndReason = Literal["replaced", "revoked", "token_expired", "rate_limited", "account_deleted", "shutdown"]


class Ephemeral(msgspec.Struct, frozen=True, array_like=True):
    """A ciphertext that is passed on and never stored."""

    user: UUID
    device: int
    from_user: UUID
    from_device: int
    body: bytes


class Pushed(msgspec.Struct, frozen=True):
    """An envelope and its mailbox number."""

    seq: int
    event: EnvelopeAccepted


class Expired(msgspec.Struct, frozen=True):
    """The floor moved to `upto`."""

    upto: int
    event: EnvelopesExpired


class End(msgspec.Struct, frozen=True):
    """Close the sockets that match; None matches every device or socket."""

    user: UUID
    device: int | None
    socket: str | None
    reason: EndReason


class PresenceChanged(msgspec.Struct, frozen=True):
    """Tell `watcher` that `subject` is online or not."""

    watcher: UUID
    subject: UUID
    online: bool


class PrekeysLow(msgspec.Struct, frozen=True):
    """Tell the device that `available` one-time prekeys remain; `kem_available` only if those are few."""

    user: UUID
    device: int
    available: int
    kem_available: int | None = None


Item = Pushed | Expired | End | PresenceChanged | Ephemeral | PrekeysLow

_ephemeral_encoder = msgspec.msgpack.Encoder(uuid_format="bytes")
_ephemeral_decoder = msgspec.msgpack.Decoder(Ephemeral)


def encode_ephemeral(item: Ephemeral) -> bytes:
    """The value of an `e` pair."""
    return _ephemeral_encoder.encode(item)


def end_value(item: End) -> str:
    """The value of an `end` pair."""
    device = "*" if item.device is None else str(item.device)
    return f"{item.user} {device} {item.socket or '*'} {item.reason}"


def read(pairs: list[tuple[bytes, bytes]]) -> tuple[list[Item], list[str]]:
    """The items of one inbox entry, the count left out, and the names of those that cannot be read: of a
    newer version's kind, or damaged. One never hides its neighbours."""
    items: list[Item] = []
    unreadable: list[str] = []
    for field, value in pairs:
        if field == COUNT:
            continue
        try:
            items.append(_item(field, value))
        except (ValueError, msgspec.MsgspecError):
            unreadable.append(field.partition(b":")[0][:16].decode("ascii", "replace"))
    return items, unreadable


def count(pairs: list[tuple[bytes, bytes]]) -> int:
    """How many entries there were with this one; 0, which no entry has, when that cannot be read."""
    text = dict(pairs).get(COUNT, b"")
    return int(text) if text.isdigit() else 0


def _item(field: bytes, value: bytes) -> Item:
    name, _, number = field.partition(b":")
    if name in (b"p", b"x"):
        event = codec.decode(value)
        if name == b"p" and isinstance(event, EnvelopeAccepted):
            return Pushed(int(number), event)
        if name == b"x" and isinstance(event, EnvelopesExpired):
            return Expired(int(number), event)
    elif name == b"e":
        return _ephemeral_decoder.decode(value)
    elif name == b"end":
        user, device, socket, reason = value.decode().split(" ")
        return End(
            UUID(user),
            None if device == "*" else int(device),
            None if socket == "*" else socket,
            msgspec.convert(reason, EndReason),
        )
    elif name in (b"on", b"off"):
        watcher, subject = value.decode().split(" ")
        return PresenceChanged(UUID(watcher), UUID(subject), name == b"on")
    elif name == b"low":
        user, device, *counts = value.decode().split(" ")
        return PrekeysLow(UUID(user), int(device), *_counts(counts))
    raise ValueError(f"an inbox entry has a field {field!r}")


def low_value(available: int, kem_available: int | None) -> str:
    """The end of a `low` pair's value, as the function `low` takes it."""
    return str(available) if kem_available is None else f"{available} {kem_available}"


def _counts(texts: list[str]) -> tuple[int, int | None]:
    available, *kem = texts
    return int(available), int(kem[0]) if kem else None
