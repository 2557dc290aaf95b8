"""Packets are exactly those of socket.io-msgpack-parser."""

import tracemalloc

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.sockets.frames import binary_frame, text_frame
from relay.sockets.packet import MessagePackPacket, ack_frame, auth_token, client_event, event_frame


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
    assert (packet.packet_type, packet.id, packet.namespace) == (2, 4, "/")
    event = client_event(packet.data)
    assert (event.name, msgspec.msgpack.decode(event.payload)) == ("ack", {"upto": 3})


@pytest.mark.parametrize(
    "data",
    [None, msgspec.msgpack.Ext(0, b"\0"), {}, {"token": 7}, [], "token"],
    ids=["null", "undefined", "empty", "a number", "a list", "a text"],
)
def test_a_connect_without_a_token_has_none(data: object) -> None:
    written = msgspec.msgpack.encode({"type": 0, "data": data, "nsp": "/"})
    assert auth_token(MessagePackPacket(encoded_packet=written).data) is None


def test_a_connect_carries_its_token() -> None:
    written = msgspec.msgpack.encode({"type": 0, "data": {"token": "t", "more": [1]}, "nsp": "/"})
    assert auth_token(MessagePackPacket(encoded_packet=written).data) == "t"


@pytest.mark.parametrize("data", [[], [7], {"a": 1}, "send", None], ids=repr)
def test_an_event_without_a_name_is_malformed(data: object) -> None:
    written = msgspec.msgpack.encode({"type": 2, "data": data, "nsp": "/"})
    with pytest.raises(ValueError, match="event"):
        client_event(MessagePackPacket(encoded_packet=written).data)


def test_no_object_is_made_of_a_packets_data() -> None:
    written = msgspec.msgpack.encode({"type": 3, "data": [[]] * 200_000, "nsp": "/"})
    tracemalloc.start()
    MessagePackPacket(encoded_packet=written)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 100_000


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


@pytest.mark.parametrize("data", [b"\x91" * 900_000, b"\x81\xa1a" * 300_000], ids=["lists", "maps"])
def test_deep_data_are_malformed_and_no_bug(data: bytes) -> None:
    with pytest.raises(ValueError, match="packet"):
        MessagePackPacket(encoded_packet=HEAD + data)


@given(st.binary(max_size=60))
def test_no_bytes_are_a_bug(data: bytes) -> None:
    try:
        packet = MessagePackPacket(encoded_packet=HEAD + data)
    except ValueError as error:
        assert "packet" in str(error)
    else:
        assert packet.packet_type == 2
