"""The socket contract's shapes: payloads and answers of the events, MessagePack.

Payloads are decoded straight into these types; what leaves is plain builtins, binary as bytes, and UUIDs,
of which the encoder makes canonical text.
"""

from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import msgspec
from msgspec import Meta
from msgspec.msgpack import Ext

from schema.events import EnvelopeAccepted, EnvelopeKind
from schema.limits import WATCHED_USERS
from schema.wire_http import DeviceId, RegistrationId

JAVASCRIPT: Final = 0
"""The extension type as which Node's `socket.io-msgpack-parser` writes a Uint8Array or an ArrayBuffer."""
NO_BYTES: Final = "body: Expected `bytes`, got `ext`"

if TYPE_CHECKING:
    Body = bytes
else:
    Body = Annotated[bytes, Meta(min_length=1)] | Ext
    """Binary; as an extension only until the struct is made."""


def _settle_body(envelope: "OutgoingEnvelope | EphemeralEnvelope") -> None:
    """Makes bytes of the body that Node wrote as an extension. Raises ValueError for other extensions."""
    body: Any = envelope.body
    if isinstance(body, Ext):
        if body.code != JAVASCRIPT or len(bytes(body.data)) == 0:
            raise ValueError(NO_BYTES)
        msgspec.structs.force_setattr(envelope, "body", bytes(body.data))


class OutgoingEnvelope(msgspec.Struct, frozen=True):
    """One ciphertext for one device, as the sender hands it in."""

    device_id: DeviceId
    registration_id: RegistrationId
    kind: EnvelopeKind
    body: Body

    def __post_init__(self) -> None:
        _settle_body(self)


class Send(msgspec.Struct, frozen=True):
    """`send`: all devices of `to` in one call, all or nothing. `receipt`: the answer is signed."""

    id: UUID
    to: UUID
    envelopes: Annotated[list[OutgoingEnvelope], Meta(max_length=1000)]
    receipt: bool = False


class Ack(msgspec.Struct, frozen=True):
    """`ack`: everything up to `upto` is stored by the client."""

    upto: Annotated[int, Meta(ge=0, le=2**53)]


class Watch(msgspec.Struct, frozen=True):
    """`presence.watch`: the whole list."""

    users: Annotated[list[UUID], Meta(max_length=WATCHED_USERS)]


class EphemeralEnvelope(msgspec.Struct, frozen=True):
    """One ciphertext for one online device."""

    device_id: DeviceId
    body: Body

    def __post_init__(self) -> None:
        _settle_body(self)


class SendEphemeral(msgspec.Struct, frozen=True):
    """`ephemeral`: pushed to devices that are online, never stored."""

    to: UUID
    envelopes: Annotated[list[EphemeralEnvelope], Meta(max_length=1000)]


class AuthRefresh(msgspec.Struct, frozen=True):
    """`auth.refresh`: a newer access token for this socket."""

    token: Annotated[str, Meta(max_length=4096)]


class Connected(msgspec.Struct, frozen=True):
    """The payload of the answer to CONNECT; `log` names the relay's log, and changes with a restore."""

    sid: str
    log: str


class CaughtUp(msgspec.Struct, frozen=True):
    """`caught_up`: all that waited was sent. `head`: the mailbox's last number, in the log `log`."""

    head: int
    log: str


class Accepted(msgspec.Struct, frozen=True):
    """The mailbox number that one device's envelope got. `receipt`: if the send asked for one."""

    device_id: int
    seq: int
    receipt: bytes | None = None


def envelope_out(event: EnvelopeAccepted, seq: int) -> dict[str, Any]:
    """An element of the `envelopes` event."""
    return {
        "seq": seq,
        "id": event.id,
        "from": {"user_id": event.from_user, "device_id": event.from_device},
        "kind": event.kind,
        "body": event.body,
        "at": event.at,
    }
