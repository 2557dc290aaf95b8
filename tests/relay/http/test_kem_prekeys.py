"""KEM prekeys: uploaded, judged, handed out once each, and the last resort again and again."""

import asyncio
import json
from base64 import b64decode
from typing import Any
from uuid import UUID

import pytest

from relay.http.calls import BODY_BYTES
from schema import inbox, keys
from schema.events import KemPrekeyTaken
from schema.inbox import PrekeysLow
from schema.limits import KEM_PREKEYS_PER_CALL, KEM_PREKEYS_WAITING, KEY_WRITES, PREKEYS_PER_CALL
from schema.prekeys import KEM
from tests.support.people import Person, text64
from tests.support.relay import Relay
from tests.support.signal_keys import KeyPair


async def bundle(asker: Person, person: Person) -> list[dict[str, Any]]:
    reply = await asker.call("GET", f"/v1/bundles/{person.username}/{person.fingerprint}")
    assert reply.status == 200, reply.body
    devices: list[dict[str, Any]] = reply.body["devices"]
    return devices


async def test_one_time_kem_prekeys_go_first_then_the_last_resort_again_and_again(node: Relay) -> None:
    ada, bob = await node.person(prekeys=1), await node.person()
    kem = ada.with_kem(one_time=2)
    assert (await ada.put_keys(**kem)).status == 200
    found = [(await bundle(bob, ada))[0]["kem_prekey"] for _ in range(4)]
    assert found == [*kem["kem_prekeys"], kem["kem_prekey"], kem["kem_prekey"]]
    own = (await ada.call("GET", "/v1/keys")).body
    assert (own["kem_prekey_id"], own["kem_available"]) == (1000, 0)
    taken = [event.prekey_id for event in await node.events(ada) if isinstance(event, KemPrekeyTaken)]
    assert taken == [1, 2], "the last resort is never taken"


async def test_a_device_that_published_none_has_none(node: Relay) -> None:
    ada, bob = await node.person(prekeys=1), await node.person()
    (device,) = await bundle(bob, ada)
    assert (device["kem_prekey"], device["prekey"]["id"]) == (None, 1)
    own = (await ada.call("GET", "/v1/keys")).body
    assert (own["kem_prekey_id"], own["kem_available"]) == (None, 0)


async def test_devices_with_and_without_kem_prekeys_stand_in_one_bundle(node: Relay) -> None:
    ada, bob = await node.person(), await node.person()
    other = await ada.another_device()
    node.people.append(other)
    kem = other.with_kem(one_time=1)
    assert (await other.put_keys(**kem)).status == 200
    assert [device["kem_prekey"] for device in await bundle(bob, ada)] == [None, kem["kem_prekeys"][0]]


async def test_many_askers_get_each_kem_prekey_once(node: Relay) -> None:
    ada = await node.person()
    kem = ada.with_kem(one_time=10)
    await ada.put_keys(**kem)
    askers = [await node.person() for _ in range(5)]
    found = await asyncio.gather(*(bundle(asker, ada) for asker in askers for _ in range(3)))
    ids = [device["kem_prekey"]["id"] for (device,) in found]
    assert sorted(ids) == [*range(1, 11), *[1000] * 5]


async def test_a_kem_prekey_that_the_log_knows_as_taken_is_not_handed_out(node: Relay) -> None:
    """As after a crash between the log and the database: the row came back, the log has it as taken."""
    ada, bob = await node.person(prekeys=1), await node.person()
    kem = ada.with_kem(one_time=2)
    await ada.put_keys(**kem)
    assert await node.services.directory.take(UUID(ada.user_id), [(1, 1)], 0, KEM) == [True]
    await node.rows("DELETE FROM used_kem_prekeys RETURNING 1")
    first = kem["kem_prekeys"][0]
    await node.rows(
        "INSERT INTO kem_prekeys VALUES (%s, 1, 1, %s, %s) ON CONFLICT DO NOTHING RETURNING 1",
        UUID(ada.user_id), b64decode(first["key"]), b64decode(first["signature"]),
    )  # fmt: skip
    (device,) = await bundle(bob, ada)
    assert (device["kem_prekey"]["id"], device["prekey"]["id"]) == (2, 1)


async def test_the_last_resort_is_exchanged_with_the_signed_prekey_or_stays(node: Relay) -> None:
    ada, bob = await node.person(), await node.person()
    first, second = ada.with_kem()["kem_prekey"], ada.with_kem(last_resort=1001)["kem_prekey"]
    await ada.put_keys(kem_prekey=first)
    for body, kem in (
        ({"signed_prekey": ada.signed_prekey(2)}, first),
        ({"signed_prekey": ada.signed_prekey(3), "kem_prekey": second}, second),
    ):
        assert (await ada.call("PUT", "/v1/keys/signed", body)).status == 204
        (device,) = await bundle(bob, ada)
        assert (device["signed_prekey"], device["kem_prekey"]) == (body["signed_prekey"], kem)
    assert (await ada.put_keys()).status == 200
    assert (await bundle(bob, ada))[0]["kem_prekey"] == second, "the same identity, published again"


async def test_another_identity_begins_its_kem_prekeys_anew(node: Relay) -> None:
    ada, bob = await node.person(), await node.person()
    await ada.put_keys(**ada.with_kem(one_time=3))
    assert (await bundle(bob, ada))[0]["kem_prekey"]["id"] == 1
    ada.identity = KeyPair()
    assert (await ada.put_keys(replace=True)).status == 200
    assert (await bundle(bob, ada))[0]["kem_prekey"] is None
    kem = ada.with_kem(one_time=2)
    assert (await ada.put_keys(**kem)).status == 200
    assert (await bundle(bob, ada))[0]["kem_prekey"] == kem["kem_prekeys"][1], "1 was handed out before"


async def test_further_kem_prekeys_are_counted_and_an_id_is_used_once_for_ever(node: Relay) -> None:
    ada, bob = await node.person(prekeys=3), await node.person()
    await ada.put_keys(**ada.with_kem(one_time=2))
    reply = await ada.call("POST", "/v1/keys/kem", {"prekeys": ada.kem_prekeys(3, 20)})
    assert (reply.status, reply.body) == (200, {"available": 22})
    assert (await bundle(bob, ada))[0]["kem_prekey"]["id"] == 1
    for number in (1, 2, 1000):  # handed out, waiting, the last resort's
        reply = await ada.call("POST", "/v1/keys/kem", {"prekeys": ada.kem_prekeys(number, 1)})
        assert (reply.status, reply.body["path"]) == (422, "$.prekeys[0].id")
    assert (await ada.call("GET", "/v1/keys")).body["kem_available"] == 21


async def test_of_two_kem_uploads_that_cross_one_has_the_id(node: Relay) -> None:
    ada = await node.person()
    await ada.put_keys(**ada.with_kem())
    bodies = [{"prekeys": ada.kem_prekeys(9, 1)} for _ in range(5)]
    replies = await asyncio.gather(*(ada.call("POST", "/v1/keys/kem", body) for body in bodies))
    statuses = [reply.status for reply in replies]
    assert sorted(statuses) == [200] + [422] * 4
    (device,) = await bundle(await node.person(), ada)
    assert device["kem_prekey"] == bodies[statuses.index(200)]["prekeys"][0]


async def test_publishing_again_changes_nothing(node: Relay) -> None:
    ada = await node.stranger().register()
    body = ada.keys(prekeys=1, **ada.with_kem(one_time=2))
    for _ in range(2):
        assert (await ada.call("PUT", "/v1/keys", body)).status == 200
    assert (await ada.call("GET", "/v1/keys")).body["kem_available"] == 2
    reply = await ada.call("PUT", "/v1/keys", {**body, "kem_prekeys": ada.kem_prekeys(2, 1)})
    assert (reply.status, reply.body["path"]) == (422, "$.kem_prekeys[0].id")


async def test_so_many_kem_prekeys_wait_and_no_more(node: Relay) -> None:
    ada = await node.person()
    await ada.put_keys(**ada.with_kem())
    for first in range(1, KEM_PREKEYS_WAITING + 1, KEM_PREKEYS_PER_CALL):
        body = {"prekeys": ada.kem_prekeys(first, KEM_PREKEYS_PER_CALL)}
        assert (await ada.call("POST", "/v1/keys/kem", body)).status == 200
    reply = await ada.call("POST", "/v1/keys/kem", {"prekeys": ada.kem_prekeys(500, 1)})
    assert (reply.status, reply.body["path"]) == (422, "$.prekeys")
    reply = await ada.put_keys(**ada.with_kem(one_time=1, first_id=501))
    assert (reply.status, reply.body["path"]) == (422, "$.kem_prekeys")


async def test_a_device_without_a_last_resort_uploads_no_one_time_kem_prekeys(node: Relay) -> None:
    ada = await node.person()
    reply = await ada.call("POST", "/v1/keys/kem", {"prekeys": ada.kem_prekeys(1, 1)})
    assert (reply.status, reply.body["code"], reply.body["path"]) == (422, "invalid", "$.prekeys")
    reply = await ada.put_keys(kem_prekeys=ada.kem_prekeys(1, 1))
    assert (reply.status, reply.body["path"]) == (422, "$.kem_prekeys")
    stranger = await node.stranger().register()
    reply = await stranger.call("POST", "/v1/keys/kem", {"prekeys": stranger.kem_prekeys(1, 1)})
    assert (reply.status, reply.body["code"]) == (403, "device_inactive")


def changed(prekey: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**prekey, **fields}


async def test_threat_10_bad_kem_keys_are_refused_by_their_place(node: Relay) -> None:
    ada = await node.stranger().register()
    good = ada.keys(**ada.with_kem(one_time=2))
    last, (first, second) = good["kem_prekey"], good["kem_prekeys"]
    raw = b64decode(first["key"])
    bad: list[tuple[dict[str, Any], str]] = [
        ({"kem_prekey": changed(last, key=text64(b"\x05" + raw[1:]))}, "$.kem_prekey.key"),
        ({"kem_prekey": changed(last, key=text64(raw[:-1]))}, "$.kem_prekey.key"),
        ({"kem_prekey": changed(last, key=text64(raw + b"x"))}, "$.kem_prekey.key"),
        ({"kem_prekey": changed(last, id=0)}, "$.kem_prekey.id"),
        ({"kem_prekey": changed(last, signature=text64(bytes(63)))}, "$.kem_prekey.signature"),
        ({"kem_prekeys": [first, changed(second, key=text64(b"\x0a" + raw[1:]))]}, "$.kem_prekeys[1].key"),
        ({"kem_prekeys": [first, first]}, "$.kem_prekeys[1].id"),
        ({"kem_prekeys": [changed(first, id=1000)]}, "$.kem_prekeys[0].id"),
        ({"kem_prekeys": [changed(first, id=2**31)]}, "$.kem_prekeys[0].id"),
        ({"kem_prekeys": ada.kem_prekeys(1, 21)}, "$.kem_prekeys"),
    ]
    for fields, path in bad:
        reply = await ada.call("PUT", "/v1/keys", {**good, **fields})
        assert (reply.status, reply.body["code"], reply.body["path"]) == (422, "invalid", path)
    assert await node.directory(ada) == {}


async def test_a_signature_that_is_not_the_identitys_over_the_whole_key_is_refused(node: Relay) -> None:
    ada = await node.person()
    good = ada.with_kem(one_time=1)
    assert (await ada.put_keys(**good)).status == 200
    (prekey,) = ada.kem_prekeys(50, 1)
    raw = b64decode(prekey["key"])
    for signature in (
        KeyPair().sign(raw),
        ada.identity.sign(raw[1:]),
        ada.identity.sign(raw[:33]),
        b64decode(good["kem_prekey"]["signature"]),
    ):
        forged = changed(prekey, signature=text64(signature))
        for method, path, body in (
            ("PUT", "/v1/keys", ada.keys(kem_prekey=forged)),
            ("PUT", "/v1/keys", ada.keys(kem_prekey=good["kem_prekey"], kem_prekeys=[forged])),
            ("PUT", "/v1/keys/signed", {"signed_prekey": ada.signed_prekey(2), "kem_prekey": forged}),
            ("POST", "/v1/keys/kem", {"prekeys": [forged]}),
        ):
            reply = await ada.call(method, path, body)
            assert (reply.status, reply.body["code"]) == (422, "bad_signature"), path
    own = (await ada.call("GET", "/v1/keys")).body
    assert (own["signed_prekey_id"], own["kem_prekey_id"], own["kem_available"]) == (1, 1000, 1)


async def test_threat_10_calls_with_wrong_signatures_are_bounded_like_all_key_writes(node: Relay) -> None:
    ada = await node.person()
    await node.limit(KEY_WRITES, 3)
    forged = {"kem_prekey": changed(ada.with_kem()["kem_prekey"], signature=text64(bytes(64)))}
    codes = [(await ada.put_keys(**forged)).body["code"] for _ in range(4)]
    assert codes == ["bad_signature", "bad_signature", "rate_limited", "rate_limited"]


@pytest.mark.parametrize(
    ("ec", "kem", "told"),
    [(30, 5, [(29, 4)]), (30, 6, []), (20, 6, [(19, None)]), (20, 5, [(19, 4)]), (20, None, [(19, None)])],
)
async def test_when_few_prekeys_of_either_kind_remain_the_devices_node_is_told(
    node: Relay, ec: int, kem: int | None, told: list[tuple[int, int | None]]
) -> None:
    ada, bob = await node.person(), await node.person()
    await ada.put_keys(prekeys=ec, **({} if kem is None else ada.with_kem(one_time=kem)))
    await node.services.board.zadd(keys.NODES, {"n1": 1})
    await node.services.board.hset(keys.presence(ada.user_id), 1, "n1 socket")
    await bundle(bob, ada)
    rows = await node.services.board.xrange(keys.inbox("n1"))
    items = [item for _, fields in rows for item in inbox.read(list(fields.items()))[0]]
    assert items == [PrekeysLow(UUID(ada.user_id), 1, *counts) for counts in told]


async def test_the_largest_upload_fits_into_a_body(node: Relay) -> None:
    ada = await node.stranger().register()
    most = 2**31 - 1
    kem = ada.with_kem(one_time=KEM_PREKEYS_PER_CALL, last_resort=most, first_id=most - KEM_PREKEYS_PER_CALL)
    body = ada.keys(prekeys=PREKEYS_PER_CALL, first_id=most - PREKEYS_PER_CALL, **kem)
    assert BODY_BYTES * 0.8 < len(json.dumps(body)) < BODY_BYTES * 0.9
    assert (await ada.call("PUT", "/v1/keys", body)).status == 200
