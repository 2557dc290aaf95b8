"""Socket.IO packets as `socket.io-msgpack-parser` writes them, coded by msgspec.

One packet is one binary frame, a map `{type, data, nsp, id}`; there are no attachments.

Invariant: reading a packet makes no object of its data, whatever that is; the data stay bytes until they are
decoded straight into the type that the event has (`relay.calls.answers.read`).
"""

from typing import Any, Final

import msgspec
from socketio import packet

NOTHING: Final = msgspec.Raw(b"\xc0")
"""Data that are not there."""


class _Frame(msgspec.Struct, frozen=True):
    type: int
    nsp: str
    data: msgspec.Raw = NOTHING
    id: int | None = None


class ClientEvent(msgspec.Struct, frozen=True, array_like=True):
    """The data of an EVENT: its name and its payload, which is not decoded yet."""

    name: str
    payload: msgspec.Raw = NOTHING


class _Auth(msgspec.Struct, frozen=True):
    token: str


_decoder = msgspec.msgpack.Decoder(_Frame)
_event_decoder = msgspec.msgpack.Decoder(ClientEvent)
_auth_decoder = msgspec.msgpack.Decoder(_Auth)
_encoder = msgspec.msgpack.Encoder()
UNREADABLE: Final = (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError)
"""What decoding raises for bytes that are not what was expected."""


class MessagePackPacket(packet.Packet):  # type: ignore[misc]
    """python-socketio's packet with our codec."""

    uses_binary_events = False

    def encode(self) -> bytes:
        """The packet's one frame."""
        fields = {"type": self.packet_type, "data": self.data, "nsp": self.namespace or "/"}
        if self.id is not None:
            fields["id"] = self.id
        return _encoder.encode(fields)

    def decode(self, encoded_packet: bytes | str) -> int:
        """Reads one frame, its data as `msgspec.Raw`; raises ValueError for anything else. No attachments
        follow, ever."""
        if isinstance(encoded_packet, str):
            raise ValueError("packets are binary frames")  # noqa: TRY004 - malformed, like any other
        try:
            frame = _decoder.decode(encoded_packet)
        except UNREADABLE as error:
            raise ValueError("not a packet") from error
        self.packet_type, self.data, self.id, self.namespace = frame.type, frame.data, frame.id, frame.nsp
        return 0


def client_event(data: msgspec.Raw) -> ClientEvent:
    """The data of an EVENT packet. Raises ValueError."""
    try:
        return _event_decoder.decode(data)
    except UNREADABLE as error:
        raise ValueError("not an event packet") from error


def auth_token(data: msgspec.Raw) -> str | None:
    """The token in the data of a CONNECT packet, `{token}`; None for anything else."""
    try:
        return _auth_decoder.decode(data).token
    except UNREADABLE:
        return None


def encoded(value: Any) -> msgspec.Raw:
    """A part of a packet, encoded already."""
    return msgspec.Raw(_encoder.encode(value))


def event_frame(event: str, data: Any) -> bytes:
    """The frame of a server event."""
    return _encoder.encode({"type": packet.EVENT, "data": [event, data], "nsp": "/"})


def disconnect_frame() -> bytes:
    """The frame that tells a client that it is wanted no longer: the library does not come back by itself."""
    return _encoder.encode({"type": packet.DISCONNECT, "nsp": "/"})


def ack_frame(packet_id: int, answer: Any) -> bytes:
    """The frame of an acknowledgement."""
    return _encoder.encode({"type": packet.ACK, "data": [answer], "nsp": "/", "id": packet_id})
