"""`/v1/keys` and `/v1/devices`: publishing, prekeys, several devices, closing, replacing."""

import asyncio
from base64 import b64decode
from typing import Any
from uuid import UUID

import psycopg
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from relay.auth import login_sessions
from schema import codec, keys
from schema.events import IdentitySet, PrekeysUploaded
from schema.partitions import partition_of
from tests.support.people import Person, text64
from tests.support.relay import Relay
from tests.support.signal_keys import KeyPair

LOW_ORDER = b"\x05" + bytes(32)


async def _put(person: Person, **fields: Any) -> Any:
    return await person.call("PUT", "/v1/keys", person.keys(**fields))


async def _directory(node: Relay, person: Person) -> dict[bytes, bytes]:
    user = UUID(person.user_id)
    found: dict[bytes, bytes] = await node.parts.log.hgetall(
        keys.user(partition_of(user, node.parts.partitions), user)
    )
    return found


async def _events(node: Relay, person: Person) -> list[Any]:
    partition = partition_of(UUID(person.user_id), node.parts.partitions)
    return [codec.decode_entry(fields)[0] for _, fields in await node.parts.log.xrange(keys.log(partition))]


async def test_publishing_makes_the_device_active_and_seen_at_once(node: Relay) -> None:
    ada = await node.stranger().register()
    reply = await _put(ada, prekeys=10)
    assert (reply.status, reply.body) == (200, {"device_id": 1, "fingerprint": ada.fingerprint})
    own = (await ada.call("GET", "/v1/keys")).body
    assert own == {
        "device_id": 1,
        "registration_id": ada.registration_id,
        "fingerprint": ada.fingerprint,
        "signed_prekey_id": 1,
        "available": 10,
        "devices": [{"device_id": 1, "registration_id": ada.registration_id, "current": True}],
    }
    directory = await _directory(node, ada)
    assert directory[b"i"] == ada.identity.public
    assert directory[b"r1"] == str(ada.registration_id).encode()
    assert [directory[field] for field in (b"h1", b"c1", b"f1")] == [b"0"] * 3


async def test_publishing_again_changes_nothing(node: Relay) -> None:
    ada = await node.stranger().register()
    body = ada.keys(prekeys=5)
    for _ in range(3):
        assert (await ada.call("PUT", "/v1/keys", body)).status == 200
    assert (await ada.call("GET", "/v1/keys")).body["available"] == 5
    changes = [event.change for event in await _events(node, ada) if isinstance(event, IdentitySet)]
    assert changes == ["first", "added", "added"]
    assert len([event for event in await _events(node, ada) if isinstance(event, PrekeysUploaded)]) == 1


async def test_publishing_again_keeps_the_mailbox_numbers(node: Relay) -> None:
    ada = await node.person()
    user = UUID(ada.user_id)
    name = keys.user(partition_of(user, node.parts.partitions), user)
    await node.parts.log.hset(name, mapping={"h1": 7, "c1": 5, "f1": 3})
    await ada.publish()
    directory = await _directory(node, ada)
    assert [directory[field] for field in (b"h1", b"c1", b"f1")] == [b"7", b"5", b"3"]


async def test_a_device_without_keys_is_not_active(node: Relay) -> None:
    ada = await node.stranger().register()
    signed = {"signed_prekey": ada.signed_prekey(2)}
    for method, path, body in (
        ("GET", "/v1/keys", None),
        ("PUT", "/v1/keys/signed", signed),
        ("POST", "/v1/keys/prekeys", {"prekeys": ada.prekeys(1, 1)}),
    ):
        reply = await ada.call(method, path, body)
        assert (reply.status, reply.body["code"]) == (403, "device_inactive")


async def test_a_second_device_of_the_same_identity_is_added(node: Relay) -> None:
    ada = await node.person()
    other = await ada.another_device()
    node.people.append(other)
    devices = (await other.call("GET", "/v1/keys")).body["devices"]
    assert [(device["device_id"], device["current"]) for device in devices] == [(1, False), (2, True)]


async def test_another_identity_conflicts_unless_it_replaces(node: Relay) -> None:
    ada = await node.person()
    other = node.stranger(ada.username)
    await other.log_in()
    reply = await _put(other)
    assert (reply.status, reply.body["code"]) == (409, "identity_conflict")
    assert (await ada.call("GET", "/v1/keys")).status == 200
    assert (await _put(other, replace=True)).status == 200
    devices = (await other.call("GET", "/v1/keys")).body["devices"]
    assert [device["device_id"] for device in devices] == [2]
    directory = await _directory(node, ada)
    assert directory[b"i"] == other.identity.public
    assert not {b"r1", b"h1", b"c1", b"f1"} & directory.keys()


async def test_replacing_the_identity_ends_the_sessions_of_every_other_device(node: Relay) -> None:
    ada = await node.person()
    unpublished = node.stranger(ada.username)
    await unpublished.log_in()
    other = node.stranger(ada.username)
    await other.log_in()
    await other.publish(replace=True)
    for person in (ada, unpublished):
        assert (await person.call("GET", "/v1/sessions")).status == 401
    assert (await other.call("GET", "/v1/sessions")).status == 200


async def test_replacing_with_the_identity_one_has_closes_nothing(node: Relay) -> None:
    ada = await node.person()
    other = await ada.another_device()
    node.people.append(other)
    await other.publish(replace=True)
    assert (await ada.call("GET", "/v1/keys")).status == 200


async def test_a_device_may_replace_its_own_identity_and_begin_its_prekeys_anew(node: Relay) -> None:
    ada, bob = await node.person(prekeys=3), await node.person()
    place = f"/v1/bundles/{ada.username}"
    assert (await bob.call("GET", f"{place}/{ada.fingerprint}")).body["devices"][0]["prekey"]["id"] == 1
    ada.identity = KeyPair()
    anew = ada.keys(prekeys=3, replace=True)
    assert (await ada.call("PUT", "/v1/keys", anew)).status == 200
    prekey = (await bob.call("GET", f"{place}/{ada.fingerprint}")).body["devices"][0]["prekey"]
    assert prekey == anew["prekeys"][1]  # the id 1 was handed out before


async def test_an_earlier_identity_may_come_back(node: Relay) -> None:
    ada = await node.person()
    other = node.stranger(ada.username)
    await other.log_in()
    await other.publish(replace=True)
    other.identity = ada.identity
    await other.publish(replace=True)
    assert (await other.call("GET", "/v1/keys")).body["fingerprint"] == ada.fingerprint


async def test_a_replacement_that_stopped_half_way_ends_the_sessions_when_it_is_repeated(node: Relay) -> None:
    """As after a crash between the log and the database: the device is closed, its session is not."""
    ada = await node.person()
    other = node.stranger(ada.username)
    await other.log_in()
    body = other.keys(replace=True)
    await other.call("PUT", "/v1/keys", body)
    await node.rows(
        "UPDATE login_sessions SET ended_at = NULL WHERE session_id = %s RETURNING 1",
        UUID(ada.session["session_id"]),
    )
    assert (await other.call("PUT", "/v1/keys", body)).status == 200
    assert (await ada.call("GET", "/v1/sessions")).status == 401


async def test_a_replacement_whose_commit_failed_ends_all_other_sessions_when_it_is_repeated(
    node: Relay, monkeypatch: Any
) -> None:
    ada = await node.person()
    unpublished, other = node.stranger(ada.username), node.stranger(ada.username)
    await unpublished.log_in()
    await other.log_in()
    body = other.keys(replace=True)
    end_of_devices = login_sessions.end_of_devices

    async def commit_fails(*_: Any) -> int:
        raise psycopg.OperationalError("the database went away after the log was told")

    monkeypatch.setattr(login_sessions, "end_of_devices", commit_fails)
    assert (await other.call("PUT", "/v1/keys", body)).status == 503
    assert (await unpublished.call("GET", "/v1/sessions")).status == 200, "rolled back"
    monkeypatch.setattr(login_sessions, "end_of_devices", end_of_devices)
    later = node.stranger(ada.username)
    later.identity = other.identity
    await later.log_in()
    assert (await other.call("PUT", "/v1/keys", body)).status == 200
    for person in (ada, unpublished):
        assert (await person.call("GET", "/v1/sessions")).status == 401
    assert (await later.call("GET", "/v1/sessions")).status == 200, "it came after the replacement"
    await later.publish()
    assert (await other.call("GET", "/v1/sessions")).status == 200


async def test_a_closed_device_is_gone_for_good(node: Relay) -> None:
    ada = await node.person()
    other = await ada.another_device()
    node.people.append(other)
    assert (await ada.call("DELETE", "/v1/devices/2")).status == 204
    assert (await other.call("GET", "/v1/sessions")).status == 401
    assert [d["device_id"] for d in (await ada.call("GET", "/v1/keys")).body["devices"]] == [1]
    assert (await ada.call("DELETE", "/v1/devices/2")).status == 404
    assert (await other.log_in(device_id=2)).body["device_id"] == 3


async def test_the_number_of_a_closed_device_is_never_active_again(node: Relay) -> None:
    """As after a crash between the log and the database, when its session still lives."""
    ada = await node.person()
    other = await ada.another_device()
    node.people.append(other)
    await node.parts.directory.close(UUID(ada.user_id), 2, 0)
    reply = await _put(other)
    assert (reply.status, reply.body["code"]) == (401, "unauthorized")
    assert b"r2" not in await _directory(node, ada)
    assert (await ada.call("DELETE", "/v1/devices/2")).status == 204
    assert (await other.call("GET", "/v1/sessions")).status == 401


async def test_a_device_that_is_not_there_is_not_found(node: Relay) -> None:
    ada = await node.person()
    for number in ("0", "2", "99999999999", "one", "-1", "1.0", "٣"):
        reply = await ada.call("DELETE", f"/v1/devices/{number}")
        assert (reply.status, reply.body["code"]) == (404, "not_found")


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


async def test_a_waiting_prekey_is_not_exchanged_by_publishing_again(node: Relay) -> None:
    ada = await node.person(prekeys=2)
    reply = await _put(ada, prekeys=2)
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
    assert await _directory(node, ada) == {}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary().map(text64),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
fields_of_keys = st.sampled_from(["registration_id", "identity_key", "signed_prekey", "prekeys", "replace"])


async def test_threat_10_fuzzed_uploads_never_become_keys(node: Relay) -> None:
    ada = await node.stranger().register()
    good = ada.keys(prekeys=1)
    loop = asyncio.get_running_loop()

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
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
