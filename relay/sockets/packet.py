"""Socket.IO packets as `socket.io-msgpack-parser` writes them, coded by msgspec.

One packet is one binary frame, a map `{type, data, nsp, id}`; there are no attachments.
"""

from typing import Any, Final

import msgspec
from socketio import packet

JAVASCRIPT: Final = 0
"""The extension type with which the JavaScript encoder writes `undefined` (one zero byte), and in Node a
Uint8Array or an ArrayBuffer."""


class _Frame(msgspec.Struct, frozen=True):
    type: int
    nsp: str
    data: Any = None
    id: int | None = None


def _extension(code: int, data: memoryview) -> Any:
    """Other types stay what they are, for the call they came with to be refused with the field's path."""
    read = bytes(data)
    if code != JAVASCRIPT:
        return msgspec.msgpack.Ext(code, read)
    return None if read == b"\0" else read


_decoder = msgspec.msgpack.Decoder(_Frame, ext_hook=_extension)
_encoder = msgspec.msgpack.Encoder()


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
        """Reads one frame; raises ValueError for anything else. No attachments follow, ever."""
        if isinstance(encoded_packet, str):
            raise ValueError("packets are binary frames")  # noqa: TRY004 - malformed, like any other
        try:
            frame = _decoder.decode(encoded_packet)
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError("not a packet") from error
        self.packet_type, self.data, self.id, self.namespace = frame.type, frame.data, frame.id, frame.nsp
        return 0


def event_frame(event: str, data: Any) -> bytes:
    """The frame of a server event."""
    return _encoder.encode({"type": packet.EVENT, "data": [event, data], "nsp": "/"})


def disconnect_frame() -> bytes:
    """The frame that tells a client that it is wanted no longer: the library does not come back by itself."""
    return _encoder.encode({"type": packet.DISCONNECT, "nsp": "/"})


def ack_frame(packet_id: int, answer: Any) -> bytes:
    """The frame of an acknowledgement."""
    return _encoder.encode({"type": packet.ACK, "data": [answer], "nsp": "/", "id": packet_id})
