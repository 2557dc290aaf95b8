"""Payloads of socket calls: ids in one spelling only, and where something is wrong."""

from typing import Any
from uuid import UUID

import pytest

from relay.sockets.answers import read
from schema.refusals import Refusal
from schema.wire_socket import Send, SendEphemeral, Watch

ONE = UUID("6f2c1c1e-3f0a-4d67-9a7e-0d8f1a2b3c4d")
SPELLINGS = [ONE.hex, ONE.bytes, f"{{{ONE}}}", f"urn:uuid:{ONE}", 7, None, ""]


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
