"""`send` with `receipt: true`: the relay's signature, as PROTOCOL has it, checked as any client would."""

from base64 import b64decode
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.support.people import Line, Person
from tests.wire.conftest import Party


async def keys_of(person: Person) -> list[dict[str, Any]]:
    """Without a log-in: anybody may check a receipt."""
    reply = await person.call("GET", "/v1/receipts/keys", headers={"Authorization": ""})
    assert reply.status == 200
    return list(reply.body)


async def verify(line: Line, to: Person, device: int, answer: Any, envelope_id: str, body: bytes) -> None:
    """Raises InvalidSignature unless the relay signed exactly this."""
    log = (await line.until_event("caught_up"))["log"]
    (row,) = [row for row in answer["accepted"] if row["device_id"] == device]
    facts = (
        "sealstream receipt 1", log, to.user_id, device, row["seq"], envelope_id, sha256(body).hexdigest(),
        answer["at"],
    )  # fmt: skip
    kid, signature = row["receipt"][:8], row["receipt"][8:]
    keys = {key["kid"]: b64decode(key["key"]) for key in await keys_of(to)}
    assert len(signature) == 64
    text = "".join(f"{fact}\n" for fact in facts).encode()
    Ed25519PublicKey.from_public_bytes(keys[kid.hex()]).verify(signature, text)


async def test_each_accepted_envelope_is_signed_by_a_published_key(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    tablet = await party.device_of(bela)
    at_anna = await party.line(anna)
    envelopes = [*bela.envelopes(b"for the phone"), *tablet.envelopes(b"for the tablet")]
    call = {"id": str(uuid4()), "to": bela.user_id, "envelopes": envelopes, "receipt": True}
    answer = await at_anna.call("send", call)
    assert [set(row) for row in answer["accepted"]] == [{"device_id", "seq", "receipt"}] * 2
    await verify(at_anna, bela, bela.device_id, answer, call["id"], b"for the phone")
    await verify(at_anna, bela, tablet.device_id, answer, call["id"], b"for the tablet")
    with pytest.raises(InvalidSignature):
        await verify(at_anna, bela, tablet.device_id, answer, call["id"], b"for the phone")
    (key,) = await keys_of(anna)
    assert (set(key), len(key["kid"]), len(b64decode(key["key"]))) == ({"kid", "key", "from"}, 16, 32)
    assert key["from"] <= answer["at"]


async def test_a_send_that_does_not_ask_gets_none_and_receipt_is_yes_or_no(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna = await party.line(anna)
    for asked in ({}, {"receipt": False}):
        answer = await at_anna.send(bela, b"body", **asked)
        assert set(answer["accepted"][0]) == {"device_id", "seq"}
    refused = await at_anna.send(bela, b"body", receipt="yes")
    assert (refused["error"]["code"], refused["error"]["path"]) == ("invalid", "$.receipt")


async def test_the_same_id_again_gets_the_same_receipt_also_with_another_body(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna = await party.line(anna)
    one = str(uuid4())
    first = await at_anna.send(bela, b"once", envelope_id=one, receipt=True)
    assert await at_anna.send(bela, b"once", envelope_id=one, receipt=True) == first
    assert await at_anna.send(bela, b"never accepted", envelope_id=one, receipt=True) == first
    await verify(at_anna, bela, bela.device_id, first, one, b"once")
    unasked = await at_anna.send(bela, b"once", envelope_id=one)
    assert set(unasked["accepted"][0]) == {"device_id", "seq"}


async def test_the_relay_signs_nothing_for_a_send_whose_first_one_did_not_ask(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna = await party.line(anna)
    one = str(uuid4())
    first = await at_anna.send(bela, b"once", envelope_id=one)
    assert await at_anna.send(bela, b"never accepted", envelope_id=one, receipt=True) == first


async def test_a_refused_send_has_no_receipt_and_one_to_oneself_names_oneself(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    tablet = await party.device_of(anna)
    at_anna = await party.line(anna)
    refused = await at_anna.call(
        "send", {"id": str(uuid4()), "to": bela.user_id, "envelopes": [], "receipt": True}
    )
    assert (refused["ok"], refused["error"]["code"]) == (False, "device_mismatch")
    assert "receipt" not in str(refused)
    one = str(uuid4())
    envelopes = tablet.envelopes(b"a copy")
    answer = await at_anna.call(
        "send", {"id": one, "to": anna.user_id, "envelopes": envelopes, "receipt": True}
    )
    await verify(at_anna, anna, tablet.device_id, answer, one, b"a copy")
    at_bela = await party.line(bela)
    alone = await at_bela.call(
        "send", {"id": str(uuid4()), "to": bela.user_id, "envelopes": [], "receipt": True}
    )
    assert (alone["ok"], alone["accepted"]) == (True, [])
