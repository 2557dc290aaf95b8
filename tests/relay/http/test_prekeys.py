"""Uploads: prekeys and their numbers, and what is no key at all."""

import asyncio
from base64 import b64decode
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from schema.limits import KEY_WRITES
from schema.refusals import Refusal
from tests.support.people import text64
from tests.support.relay import Relay, make_settings, relay
from tests.support.signal_keys import KeyPair

LOW_ORDER = b"\x05" + bytes(32)


async def test_a_signed_prekey_is_exchanged(node: Relay) -> None:
    ada, bob = await node.person(), await node.person()
    signed = ada.signed_prekey(2)
    assert (await ada.call("PUT", "/v1/keys/signed", {"signed_prekey": signed})).status == 204
    assert (await ada.call("GET", "/v1/keys")).body["signed_prekey_id"] == 2
    bundle = (await bob.call("GET", f"/v1/bundles/{ada.username}/{ada.fingerprint}")).body
    assert bundle["devices"][0]["signed_prekey"] == signed


async def test_a_signed_prekey_of_another_identity_is_refused(node: Relay) -> None:
    ada = await node.person()
    foreign = node.stranger().signed_prekey(2)
    reply = await ada.call("PUT", "/v1/keys/signed", {"signed_prekey": foreign})
    assert (reply.status, reply.body["code"]) == (422, "bad_signature")
    assert (await ada.call("GET", "/v1/keys")).body["signed_prekey_id"] == 1


async def test_further_prekeys_are_counted(node: Relay) -> None:
    ada = await node.person(prekeys=5)
    reply = await ada.call("POST", "/v1/keys/prekeys", {"prekeys": ada.prekeys(6, 100)})
    assert (reply.status, reply.body) == (200, {"available": 105})


async def test_a_prekey_id_is_used_once_for_ever(node: Relay) -> None:
    ada, bob = await node.person(prekeys=2), await node.person()
    bundle = (await bob.call("GET", f"/v1/bundles/{ada.username}/{ada.fingerprint}")).body
    taken = bundle["devices"][0]["prekey"]["id"]
    for number in (taken, 3 - taken):
        reply = await ada.call("POST", "/v1/keys/prekeys", {"prekeys": ada.prekeys(number, 1)})
        assert (reply.status, reply.body["path"]) == (422, "$.prekeys[0].id")
    twice = {"prekeys": [*ada.prekeys(7, 1), *ada.prekeys(7, 1)]}
    assert (await ada.call("POST", "/v1/keys/prekeys", twice)).body["path"] == "$.prekeys[1].id"
    assert (await ada.call("GET", "/v1/keys")).body["available"] == 1


async def test_of_two_uploads_that_cross_one_has_the_id(node: Relay) -> None:
    ada = await node.person()
    bodies = [{"prekeys": ada.prekeys(9, 1)} for _ in range(8)]
    replies = await asyncio.gather(*(ada.call("POST", "/v1/keys/prekeys", body) for body in bodies))
    statuses = [reply.status for reply in replies]
    assert sorted(statuses) == [200] + [422] * 7
    bundle = await (await node.person()).call("GET", f"/v1/bundles/{ada.username}/{ada.fingerprint}")
    assert bundle.body["devices"][0]["prekey"] == bodies[statuses.index(200)]["prekeys"][0]


async def test_a_thousand_prekeys_wait_and_no_more(node: Relay) -> None:
    ada = await node.person()
    for first in range(1, 1001, 100):
        assert (
            await ada.call("POST", "/v1/keys/prekeys", {"prekeys": ada.prekeys(first, 100)})
        ).status == 200
    reply = await ada.call("POST", "/v1/keys/prekeys", {"prekeys": ada.prekeys(1001, 1)})
    assert (reply.status, reply.body["code"], reply.body["path"]) == (422, "invalid", "$.prekeys")
    assert (await ada.call("GET", "/v1/keys")).body["available"] == 1000


async def test_keys_are_written_a_bounded_number_of_times(node: Relay) -> None:
    await node.limit(KEY_WRITES, 3)
    ada = await node.person(prekeys=1)
    signed = {"signed_prekey": ada.signed_prekey(2)}
    assert (await ada.call("PUT", "/v1/keys/signed", signed)).status == 204
    assert (await ada.call("POST", "/v1/keys/prekeys", {"prekeys": ada.prekeys(2, 1)})).status == 200
    for method, path, body in [
        ("PUT", "/v1/keys/signed", signed),
        ("POST", "/v1/keys/prekeys", {"prekeys": ada.prekeys(3, 1)}),
        ("PUT", "/v1/keys", ada.keys(prekeys=0)),
    ]:
        reply = await ada.call(method, path, body)
        assert (reply.status, reply.body["code"]) == (429, "rate_limited")
        assert reply.body["retry_after_ms"] > 0


async def test_keys_wait_while_the_log_is_nearly_full(
    log_url: str, board_url: str, database_url: str, tmp_path: Path
) -> None:
    full = False
    settings = make_settings(log_url, board_url, database_url, tmp_path)
    refusal = Refusal("unavailable", "Full.", retry_after_ms=5000)
    async with relay(settings, pressure=lambda: refusal if full else None) as node:
        ada = await node.person(prekeys=1)
        full = True
        reply = await ada.call("POST", "/v1/keys/prekeys", {"prekeys": ada.prekeys(2, 1)})
        assert (reply.status, reply.body["code"], reply.body["retry_after_ms"]) == (503, "unavailable", 5000)


async def test_a_waiting_prekey_is_not_exchanged_by_publishing_again(node: Relay) -> None:
    ada = await node.person(prekeys=2)
    reply = await ada.put_keys(prekeys=2)
    assert (reply.status, reply.body["path"]) == (422, "$.prekeys[0].id")


async def test_an_upload_has_one_to_a_hundred_prekeys(node: Relay) -> None:
    ada = await node.person()
    for count in (0, 101):
        reply = await ada.call("POST", "/v1/keys/prekeys", {"prekeys": ada.prekeys(1, count)})
        assert (reply.status, reply.body["path"]) == (422, "$.prekeys")


def _without_type(key: str) -> str:
    return text64(b"\x06" + b64decode(key)[1:])


async def test_threat_10_bad_keys_are_refused_by_their_place(node: Relay) -> None:
    ada = await node.stranger().register()
    good = ada.keys(prekeys=2)
    signed, first = good["signed_prekey"], good["prekeys"][0]
    low_signed = {"id": 1, "key": text64(LOW_ORDER), "signature": text64(ada.identity.sign(LOW_ORDER))}
    bad: list[tuple[dict[str, Any], str]] = [
        ({"identity_key": text64(LOW_ORDER)}, "$.identity_key"),
        ({"identity_key": _without_type(good["identity_key"])}, "$.identity_key"),
        ({"identity_key": text64(ada.identity.public[:32])}, "$.identity_key"),
        ({"identity_key": "not base64 at all, but of forty-four letters"}, "$.identity_key"),
        ({"signed_prekey": low_signed}, "$.signed_prekey.key"),
        ({"signed_prekey": {**signed, "key": _without_type(signed["key"])}}, "$.signed_prekey.key"),
        ({"signed_prekey": {**signed, "id": 0}}, "$.signed_prekey.id"),
        ({"signed_prekey": {**signed, "signature": text64(bytes(63))}}, "$.signed_prekey.signature"),
        ({"prekeys": [first, {"id": 2, "key": text64(LOW_ORDER)}]}, "$.prekeys[1].key"),
        ({"prekeys": [first, first]}, "$.prekeys[1].id"),
        ({"prekeys": [{**first, "id": 2**31}]}, "$.prekeys[0].id"),
        ({"prekeys": ada.prekeys(1, 101)}, "$.prekeys"),
        ({"registration_id": -1}, "$.registration_id"),
        ({"registration_id": "1"}, "$.registration_id"),
        ({"replace": "yes"}, "$.replace"),
    ]
    for fields, path in bad:
        reply = await ada.call("PUT", "/v1/keys", {**good, **fields})
        assert (reply.status, reply.body["code"], reply.body["path"]) == (422, "invalid", path)
    swapped = {**signed, "signature": KeyPair().sign(b64decode(signed["key"]))}
    swapped["signature"] = text64(swapped["signature"])
    reply = await ada.call("PUT", "/v1/keys", {**good, "signed_prekey": swapped})
    assert (reply.status, reply.body["code"]) == (422, "bad_signature")
    assert await node.directory(ada) == {}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary().map(text64),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
fields_of_keys = st.sampled_from(
    ["registration_id", "identity_key", "signed_prekey", "prekeys", "kem_prekey", "kem_prekeys", "replace"]
)


async def test_threat_10_fuzzed_uploads_never_become_keys(node: Relay) -> None:
    ada = await node.stranger().register()
    good = ada.keys(prekeys=1)
    loop = asyncio.get_running_loop()

    @settings(max_examples=75, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(fields_of_keys, json_values, min_size=1))
    def try_one(fields: dict[str, Any]) -> None:
        body = {**good, **fields}
        reply = asyncio.run_coroutine_threadsafe(ada.call("PUT", "/v1/keys", body), loop).result(20)
        event(str(reply.status))
        assert reply.status in (200, 422)
        if reply.status == 200:
            assert (body["identity_key"], body["signed_prekey"]) == (
                good["identity_key"],
                good["signed_prekey"],
            )

    await asyncio.to_thread(try_one)
