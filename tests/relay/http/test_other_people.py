"""Threat 11: nobody acts for another, whichever call they make."""

from typing import Any
from uuid import UUID

from relay.http.table import ROUTES
from tests.support import tus
from tests.support.people import PASSWORD
from tests.support.relay import Relay

TABLES = (
    *("blobs", "users", "login_sessions", "devices", "identities", "mailboxes"),
    *("one_time_prekeys", "used_prekeys", "kem_prekeys", "used_kem_prekeys"),
)


async def _things(node: Relay, user: UUID) -> dict[str, Any]:
    """All that the database has of a user."""
    return {
        table: sorted(map(repr, await node.rows(f"SELECT * FROM {table} WHERE user_id = %s", user)))
        for table in TABLES
    }


async def test_threat_11_whatever_somebody_else_calls_ones_things_stay_as_they_are(node: Relay) -> None:
    ada = await node.person(prekeys=30)
    await ada.put_keys(**ada.with_kem(one_time=3))
    phone = await ada.another_device()
    node.people.append(phone)
    blob_id = (await tus.create(ada, 100)).rpartition("/")[2]
    before = await _things(node, UUID(ada.user_id))
    for route in (route for route in ROUTES if route.access):
        eve = await node.person()
        path = route.path.format(
            session_id=phone.session["session_id"],
            device_id=2,
            username=ada.username,
            fingerprint=eve.fingerprint,
            blob_id=blob_id,
            link_id="A" * 43,
        )
        claimed = {"user_id": ada.user_id, "device_id": 1, "username": ada.username}
        body = {
            **eve.keys(prekeys=3, first_id=40),
            **claimed,
            "password": PASSWORD,
            "new_password": "another password",
        }
        if route.path == "/v1/keys/kem":
            await eve.put_keys(**eve.with_kem())
            body["prekeys"] = eve.kem_prekeys(40, 3)
        headers = {"Upload-Length": "5", "Upload-Offset": "0"} if route.raw else {}
        if route.media is not None:
            headers["Content-Type"] = route.media
        reply = await eve.call(route.method, path, body, headers=headers)
        assert reply.status in (200, 201, 204, 403, 404), (route.method, route.path, reply.body)
        assert await _things(node, UUID(ada.user_id)) == before, (route.method, route.path)


async def test_threat_11_lists_show_ones_own_things_only(node: Relay) -> None:
    ada, eve = await node.person(), await node.person()
    sessions = (await eve.call("GET", "/v1/sessions")).body
    assert [row["session_id"] for row in sessions] == [eve.session["session_id"]]
    assert ada.session["session_id"] not in repr(sessions)
    assert len((await eve.call("GET", "/v1/keys")).body["devices"]) == 1


async def test_threat_11_another_users_session_or_device_is_not_found(node: Relay) -> None:
    ada, eve = await node.person(), await node.person()
    phone = await ada.another_device()
    node.people.append(phone)
    for path in (f"/v1/sessions/{ada.session['session_id']}", "/v1/devices/2"):
        reply = await eve.call("DELETE", path)
        assert (reply.status, reply.body["code"]) == (404, "not_found")
    assert (await ada.call("GET", "/v1/sessions")).status == 200
    assert (await phone.call("GET", "/v1/keys")).status == 200


async def test_threat_26_a_dump_of_the_database_holds_no_password_and_no_token(node: Relay) -> None:
    ada = await node.person(prekeys=2)
    await ada.log_in(device_id=1)
    secrets = [PASSWORD, ada.session["access_token"], ada.session["refresh_token"]]
    dump = ""
    for (table,) in await node.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        dump += repr(await node.rows(f"SELECT * FROM {table}"))
    assert ada.username in dump
    assert not [secret for secret in secrets if secret in dump]
