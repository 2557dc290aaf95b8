"""`/v1/keys` and `/v1/devices`: publishing, prekeys, several devices, closing, replacing."""

from typing import Any
from uuid import UUID

import psycopg

from relay.auth import login_sessions
from schema import keys
from schema.events import IdentitySet, PrekeysUploaded
from schema.partitions import partition_of
from tests.support.relay import Relay
from tests.support.signal_keys import KeyPair

LOW_ORDER = b"\x05" + bytes(32)


async def test_publishing_makes_the_device_active_and_seen_at_once(node: Relay) -> None:
    ada = await node.stranger().register()
    reply = await ada.put_keys(prekeys=10)
    assert (reply.status, reply.body) == (200, {"device_id": 1, "fingerprint": ada.fingerprint})
    own = (await ada.call("GET", "/v1/keys")).body
    assert own == {
        "device_id": 1,
        "registration_id": ada.registration_id,
        "fingerprint": ada.fingerprint,
        "signed_prekey_id": 1,
        "available": 10,
        "kem_prekey_id": None,
        "kem_available": 0,
        "devices": [{"device_id": 1, "registration_id": ada.registration_id, "current": True}],
    }
    directory = await node.directory(ada)
    assert directory[b"i"] == ada.identity.public
    assert directory[b"r1"] == str(ada.registration_id).encode()
    assert [directory[field] for field in (b"h1", b"c1", b"f1")] == [b"0"] * 3


async def test_publishing_again_changes_nothing(node: Relay) -> None:
    ada = await node.stranger().register()
    body = ada.keys(prekeys=5)
    for _ in range(3):
        assert (await ada.call("PUT", "/v1/keys", body)).status == 200
    assert (await ada.call("GET", "/v1/keys")).body["available"] == 5
    changes = [event.change for event in await node.events(ada) if isinstance(event, IdentitySet)]
    assert changes == ["first", "added", "added"]
    assert len([event for event in await node.events(ada) if isinstance(event, PrekeysUploaded)]) == 1


async def test_publishing_again_keeps_the_mailbox_numbers(node: Relay) -> None:
    ada = await node.person()
    user = UUID(ada.user_id)
    name = keys.user(partition_of(user, node.services.partitions), user)
    await node.services.log.hset(name, mapping={"h1": 7, "c1": 5, "f1": 3})
    await ada.publish()
    directory = await node.directory(ada)
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
    reply = await other.put_keys()
    assert (reply.status, reply.body["code"]) == (409, "identity_conflict")
    assert (await ada.call("GET", "/v1/keys")).status == 200
    assert (await other.put_keys(replace=True)).status == 200
    devices = (await other.call("GET", "/v1/keys")).body["devices"]
    assert [device["device_id"] for device in devices] == [2]
    directory = await node.directory(ada)
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
    await node.services.directory.close(UUID(ada.user_id), 2, 0)
    reply = await other.put_keys()
    assert (reply.status, reply.body["code"]) == (401, "unauthorized")
    assert b"r2" not in await node.directory(ada)
    assert (await ada.call("DELETE", "/v1/devices/2")).status == 204
    assert (await other.call("GET", "/v1/sessions")).status == 401


async def test_a_device_that_is_not_there_is_not_found(node: Relay) -> None:
    ada = await node.person()
    for number in ("0", "2", "99999999999", "one", "-1", "1.0", "٣"):
        reply = await ada.call("DELETE", f"/v1/devices/{number}")
        assert (reply.status, reply.body["code"]) == (404, "not_found")
