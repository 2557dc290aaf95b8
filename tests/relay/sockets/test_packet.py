"""Packets are exactly those of socket.io-msgpack-parser."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.sockets.framing import binary_frame, text_frame
from relay.sockets.packet import MessagePackPacket, ack_frame, event_frame


def test_an_event_is_a_map_of_type_data_and_namespace() -> None:
    assert msgspec.msgpack.decode(event_frame("presence", {"online": True})) == {
        "type": 2,
        "data": ["presence", {"online": True}],
        "nsp": "/",
    }


def test_an_acknowledgement_carries_the_calls_id() -> None:
    assert msgspec.msgpack.decode(ack_frame(7, {"ok": True})) == {
        "type": 3,
        "data": [{"ok": True}],
        "nsp": "/",
        "id": 7,
    }


def test_what_the_javascript_parser_writes_is_read() -> None:
    written = msgspec.msgpack.encode(
        {"type": 2, "data": ["ack", {"upto": 3}], "options": {"compress": True}, "id": 4, "nsp": "/"}
    )
    packet = MessagePackPacket(encoded_packet=written)
    assert (packet.packet_type, packet.data, packet.id, packet.namespace) == (2, ["ack", {"upto": 3}], 4, "/")


def test_undefined_is_read_as_nothing() -> None:
    undefined = msgspec.msgpack.Ext(0, b"\x00")
    packet = MessagePackPacket(
        encoded_packet=msgspec.msgpack.encode({"type": 0, "data": undefined, "nsp": "/"})
    )
    assert packet.data is None


def test_what_node_writes_for_a_byte_array_is_bytes() -> None:
    as_extension = msgspec.msgpack.Ext(0, b"\x00\x01\xff")
    packet = MessagePackPacket(
        encoded_packet=msgspec.msgpack.encode({"type": 2, "data": as_extension, "nsp": "/"})
    )
    assert packet.data == b"\x00\x01\xff"


def test_other_extensions_are_left_to_the_call_to_refuse() -> None:
    date = msgspec.msgpack.Ext(5, b"x")
    packet = MessagePackPacket(encoded_packet=msgspec.msgpack.encode({"type": 2, "data": date, "nsp": "/"}))
    assert packet.data == date


@pytest.mark.parametrize(
    "frame",
    [
        b"\xc1",
        b"\x80",
        b"2hello",
        "text",
        msgspec.msgpack.encode({"type": "2", "nsp": "/"}),
        b"\xdd\xff\xff\xff\xff",
    ],
)
def test_anything_else_is_refused_as_a_value_error(frame: bytes | str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the engine treats every ValueError alike
        MessagePackPacket().decode(frame)


@pytest.mark.parametrize(("length", "header"), [(0, 2), (125, 2), (126, 4), (65535, 4), (65536, 10)])
def test_frames_carry_their_length_as_rfc_6455_says(length: int, header: int) -> None:
    frame = binary_frame(b"x" * length)
    assert len(frame) == header + length
    assert frame[0] == 0x82
    assert frame[1] & 0x80 == 0
    assert text_frame("é")[:2] == bytes((0x81, 2))


HEAD = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data"


@pytest.mark.parametrize(
    "data",
    [b"\x91" * 900_000, b"\x81\xa1a" * 300_000, b"\x81\x81\x01\x01\x01", b"\xa2\xff\xfe"],
    ids=["deep lists", "deep maps", "a map as a key", "text that is not UTF-8"],
)
def test_what_no_client_writes_is_malformed_and_no_bug(data: bytes) -> None:
    with pytest.raises(ValueError, match="packet"):
        MessagePackPacket(encoded_packet=HEAD + data)


@given(st.binary(max_size=60))
def test_no_bytes_are_a_bug(data: bytes) -> None:
    with suppress(ValueError):
        MessagePackPacket(encoded_packet=HEAD + data)
