"""Payloads of socket calls: ids in one spelling only, and where something is wrong."""

import tracemalloc
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.calls import answers
from schema.refusals import Refusal
from schema.wire_socket import Send, SendEphemeral, Watch

ONE = UUID("6f2c1c1e-3f0a-4d67-9a7e-0d8f1a2b3c4d")
SPELLINGS = [ONE.hex, ONE.bytes, f"{{{ONE}}}", f"urn:uuid:{ONE}", 7, None, ""]


def read(payload: Any, shape: Any) -> Any:
    return answers.read(msgspec.Raw(msgspec.msgpack.encode(payload)), shape)


def path_of(payload: Any, shape: Any) -> str:
    with pytest.raises(Refusal) as caught:
        read(payload, shape)
    assert caught.value.code == "invalid"
    path: str = caught.value.extra["path"]
    return path


@pytest.mark.parametrize("wrong", SPELLINGS)
def test_an_id_that_is_not_in_canonical_form_is_refused_by_its_place(wrong: Any) -> None:
    good = {"id": str(ONE), "to": str(ONE), "envelopes": []}
    assert path_of({**good, "id": wrong}, Send) == "$.id"
    assert path_of({**good, "to": wrong}, Send) == "$.to"
    assert path_of({"to": wrong, "envelopes": []}, SendEphemeral) == "$.to"
    assert path_of({"users": [str(ONE), wrong]}, Watch) == "$.users[1]"


def test_canonical_ids_are_read_in_either_case() -> None:
    assert read({"id": str(ONE).upper(), "to": str(ONE), "envelopes": []}, Send).id == ONE
    assert read({"users": [str(ONE)]}, Watch).users == [ONE]


def envelope(**fields: Any) -> dict[str, Any]:
    return {"device_id": 1, "registration_id": 1, "kind": "message", "body": b"x", **fields}


def sending(**fields: Any) -> dict[str, Any]:
    return {"id": str(ONE), "to": str(ONE), "envelopes": [envelope(**fields)]}


def test_what_node_writes_for_a_byte_array_is_bytes() -> None:
    assert read(sending(body=msgspec.msgpack.Ext(0, b"\0\1\xff")), Send).envelopes[0].body == b"\0\1\xff"


@pytest.mark.parametrize("wrong", [msgspec.msgpack.Ext(5, b"x"), msgspec.msgpack.Ext(0, b""), b"", "text", 7])
def test_a_body_that_is_not_binary_is_refused_by_its_place(wrong: Any) -> None:
    assert path_of(sending(body=wrong), Send) == "$.envelopes[0].body"


@pytest.mark.parametrize(
    "data",
    [
        b"\x91" * 900_000,
        b"\x81\xa1a" * 300_000,
        b"\x81\x81\x01\x01\x01",
        b"\xa2\xff\xfe",
        b"\x81\xa2\xff\xfe\x01",
    ],
    ids=["deep lists", "deep maps", "a map as a key", "text that is not UTF-8", "a key that is not UTF-8"],
)
def test_a_payload_that_cannot_be_decoded_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        answers.read(msgspec.Raw(data), Send)
    assert caught.value.code == "invalid"


def test_what_the_type_does_not_have_is_passed_over_and_no_object_is_made_of_it() -> None:
    payload = msgspec.msgpack.encode({**sending(), "more": [[]] * 200_000})
    tracemalloc.start()
    answers.read(msgspec.Raw(payload), Send)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 100_000


@given(st.binary(max_size=60))
def test_no_bytes_are_a_bug(data: bytes) -> None:
    try:
        read: object = answers.read(msgspec.Raw(data), Send)
    except Refusal as refusal:
        read = refusal.code
    assert isinstance(read, Send) or read == "invalid"
