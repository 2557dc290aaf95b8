"""`/v1/accounts` and `/v1/account`: registration, password change, deletion."""

import asyncio
from uuid import UUID

from schema import codec, keys, overrides
from schema.events import AccountDeleted
from schema.limits import CREDENTIAL_CHANGES
from schema.partitions import partition_of
from tests.support.people import PASSWORD, Person
from tests.support.relay import Relay

NEW = "a different long password"


async def test_registering_gives_a_session_of_device_one(node: Relay) -> None:
    ada = node.stranger("Ada_1")
    reply = await ada.call("POST", "/v1/accounts", {"username": "Ada_1", "password": PASSWORD})
    assert reply.status == 201
    assert reply.body["device_id"] == 1
    assert set(reply.body) == {
        "user_id", "device_id", "session_id", "access_token", "access_expires_at", "refresh_token",
        "refresh_expires_at",
    }  # fmt: skip
    assert await node.rows("SELECT username FROM users") == [("ada_1",)]


async def test_a_name_is_taken_in_either_case(node: Relay) -> None:
    await node.stranger("ada").register()
    reply = await node.stranger().call("POST", "/v1/accounts", {"username": "ADA", "password": PASSWORD})
    assert (reply.status, reply.body["code"]) == (409, "username_taken")


async def test_one_of_two_who_register_a_name_at_once_gets_it(node: Relay) -> None:
    body = {"username": "ada", "password": PASSWORD}
    replies = await asyncio.gather(*(node.stranger().call("POST", "/v1/accounts", body) for _ in range(4)))
    assert sorted(reply.status for reply in replies) == [201, 409, 409, 409]


IMPOSSIBLE: tuple[tuple[object, str], ...] = (
    ({"username": "ab", "password": PASSWORD}, "$.username"),
    ({"username": "a" * 33, "password": PASSWORD}, "$.username"),
    ({"username": "ada lovelace", "password": PASSWORD}, "$.username"),
    ({"username": "ada\n", "password": PASSWORD}, "$.username"),
    ({"username": "adä", "password": PASSWORD}, "$.username"),
    ({"username": "ada", "password": "too short"}, "$.password"),
    ({"username": "ada", "password": "x" * 257}, "$.password"),
    ({"username": 7, "password": PASSWORD}, "$.username"),
    ({"username": "ada"}, "$"),
    ([], "$"),
)


async def test_an_impossible_registration_names_the_field(node: Relay) -> None:
    for body, path in IMPOSSIBLE:
        reply = await node.stranger().call("POST", "/v1/accounts", body)
        assert (reply.status, reply.body["code"], reply.body["path"]) == (422, "invalid", path)
    assert await node.rows("SELECT 1 FROM users") == []


async def test_a_changed_password_ends_every_other_session(node: Relay) -> None:
    ada = await node.stranger().register()
    elsewhere = node.stranger(ada.username)
    await elsewhere.log_in()
    body = {"password": PASSWORD, "new_password": NEW}
    assert (await ada.call("PUT", "/v1/account/password", body)).status == 204
    assert (await ada.call("GET", "/v1/sessions")).status == 200
    assert (await elsewhere.call("GET", "/v1/sessions")).body["code"] == "unauthorized"
    assert (await ada.log_in()).body["code"] == "bad_credentials"
    ada.password = NEW
    assert (await ada.log_in()).status == 200


async def test_a_password_is_not_changed_by_a_wrong_one_or_to_a_short_one(node: Relay) -> None:
    ada = await node.stranger().register()
    wrong = await ada.call("PUT", "/v1/account/password", {"password": NEW, "new_password": NEW})
    assert (wrong.status, wrong.body["code"]) == (401, "bad_credentials")
    short = await ada.call("PUT", "/v1/account/password", {"password": PASSWORD, "new_password": "short"})
    assert (short.status, short.body["path"]) == (422, "$.new_password")
    assert (await ada.log_in()).status == 200


async def test_guessing_by_a_stolen_token_is_bounded_like_logging_in(node: Relay) -> None:
    ada = await node.stranger().register()
    body = {"password": NEW, "new_password": NEW}
    codes = [(await ada.call("PUT", "/v1/account/password", body)).body["code"] for _ in range(6)]
    assert codes == ["bad_credentials"] * 5 + ["rate_limited"]


async def _entries(node: Relay, person: Person) -> list[object]:
    user = UUID(person.user_id)
    rows = await node.services.log.xrange(keys.log(partition_of(user, node.services.partitions)))
    return [codec.decode_entry(fields)[0] for _, fields in rows]


async def test_a_deleted_account_leaves_nothing_that_answers(node: Relay) -> None:
    ada, bob = await node.person(prekeys=3), await node.person()
    user = UUID(ada.user_id)
    place = f"/v1/contacts/{ada.username}/{ada.fingerprint}"
    assert (await bob.call("GET", place)).status == 200
    assert (await ada.call("DELETE", "/v1/account", {"password": PASSWORD})).status == 204
    assert (await ada.call("GET", "/v1/sessions")).body["code"] == "unauthorized"
    assert (await bob.call("GET", place)).body["code"] == "not_found"
    assert (await ada.log_in()).body["code"] == "bad_credentials"
    assert isinstance((await _entries(node, ada))[-1], AccountDeleted)
    assert await node.services.log.exists(keys.user(partition_of(user, node.services.partitions), user)) == 0
    reasons = await node.rows("SELECT DISTINCT end_reason FROM login_sessions WHERE user_id = %s", user)
    assert reasons == [("account_deleted",)]
    again = await node.stranger(ada.username).register()
    assert again.user_id != ada.user_id


async def test_a_deleted_account_takes_the_operators_limits_with_it(node: Relay) -> None:
    ada, bob = await node.person(), await node.person()
    users = [UUID(person.user_id) for person in (ada, bob)]
    async with node.services.database.connection() as connection:
        for user in users:
            await overrides.set(connection, node.services.board, user, "messages", 600)
    assert (await ada.call("DELETE", "/v1/account", {"password": PASSWORD})).status == 204
    assert await node.rows("SELECT user_id FROM overrides") == [(users[1],)]
    assert [await node.services.board.exists(keys.override(user)) for user in users] == [0, 1]


async def test_an_account_is_not_deleted_by_a_wrong_password(node: Relay) -> None:
    ada = await node.person()
    reply = await ada.call("DELETE", "/v1/account", {"password": "not the password"})
    assert (reply.status, reply.body["code"]) == (401, "bad_credentials")
    assert (await ada.call("GET", "/v1/keys")).status == 200


async def test_a_deletion_that_stopped_half_way_is_asked_for_again(node: Relay) -> None:
    """As after a crash between the log and the database: the log knows, the rows are still there."""
    ada = await node.person()
    await node.services.directory.delete(UUID(ada.user_id), 1, 0)
    assert (await ada.call("DELETE", "/v1/account", {"password": PASSWORD})).status == 204
    assert await node.rows("SELECT 1 FROM users") == []
    deletions = [event for event in await _entries(node, ada) if isinstance(event, AccountDeleted)]
    assert len(deletions) == 2


async def test_threat_18_changing_the_password_again_and_again_is_bounded(node: Relay) -> None:
    await node.limit(CREDENTIAL_CHANGES, 2)
    ada = await node.stranger().register()
    body = {"password": PASSWORD, "new_password": PASSWORD}
    replies = [await ada.call("PUT", "/v1/account/password", body) for _ in range(3)]
    assert [reply.status for reply in replies] == [204, 204, 429]
