"""`/v1/sessions`: log-in, refresh, the list, sign-out."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from relay.auth.passwords import Passwords
from schema.limits import REFRESHES
from schema.settings import Settings
from tests.support.people import PASSWORD, Person
from tests.support.relay import Relay, make_settings, relay
from tests.support.until import until


async def refresh(person: Person, token: str | None = None) -> object:
    body = {"refresh_token": token or person.session["refresh_token"]}
    return await person.call("POST", "/v1/sessions/refresh", body, headers={"Authorization": ""})


async def test_every_log_in_gets_a_device_number_of_its_own(node: Relay) -> None:
    ada = await node.stranger().register()
    numbers = []
    for _ in range(3):
        await ada.log_in()
        numbers.append(ada.device_id)
    assert numbers == [2, 3, 4]


async def test_a_log_in_takes_the_name_in_either_case(node: Relay) -> None:
    ada = await node.stranger("ada").register()
    reply = await ada.call("POST", "/v1/sessions", {"username": "ADA", "password": PASSWORD})
    assert reply.body["user_id"] == ada.user_id


async def test_a_log_in_can_be_for_an_active_device(node: Relay) -> None:
    ada = await node.person()
    assert (await ada.log_in(device_id=1)).body["device_id"] == 1


async def test_a_log_in_for_a_device_that_is_not_active_gets_a_new_number(node: Relay) -> None:
    ada = await node.stranger().register()
    numbers = [(await ada.log_in(device_id=wanted)).body["device_id"] for wanted in (1, 2, 99)]
    assert numbers == [2, 3, 4]


async def test_the_list_shows_live_sessions_and_marks_the_current_one(node: Relay) -> None:
    ada = await node.stranger().register()
    other = node.stranger(ada.username)
    await other.log_in()
    rows = (await other.call("GET", "/v1/sessions")).body
    assert [(row["session_id"], row["device_id"], row["current"]) for row in rows] == [
        (ada.session["session_id"], 1, False),
        (other.session["session_id"], 2, True),
    ]
    assert {row["created_at"] <= row["last_used_at"] for row in rows} == {True}


async def test_signing_out_ends_the_session_at_once(node: Relay) -> None:
    ada = await node.stranger().register()
    assert (await ada.call("DELETE", "/v1/sessions/current")).status == 204
    assert (await ada.call("GET", "/v1/sessions")).status == 401
    assert (await refresh(ada)).body["code"] == "token_expired"


async def test_another_of_ones_sessions_can_be_ended_once(node: Relay) -> None:
    ada = await node.stranger().register()
    other = node.stranger(ada.username)
    await other.log_in()
    place = f"/v1/sessions/{other.session['session_id']}"
    assert (await ada.call("DELETE", place)).status == 204
    assert (await other.call("GET", "/v1/sessions")).status == 401
    again = await ada.call("DELETE", place)
    assert (again.status, again.body["code"]) == (404, "not_found")


async def test_a_session_that_is_not_there_is_not_found(node: Relay) -> None:
    ada = await node.stranger().register()
    for session in (uuid4(), "nonsense", "%00"):
        reply = await ada.call("DELETE", f"/v1/sessions/{session}")
        assert (reply.status, reply.body["code"]) == (404, "not_found")


async def test_an_ended_session_is_told_to_the_sockets_within_five_seconds(node: Relay) -> None:
    """Threat 21, the HTTP side: every node's watch learns of it from the database alone."""
    ada = await node.stranger().register()
    session = UUID(ada.session["session_id"])
    await node.rows(
        "UPDATE login_sessions SET ended_at = (extract(epoch FROM now()) * 1000)::bigint,"
        " end_reason = 'revoked' WHERE session_id = %s RETURNING 1",
        session,
    )
    await until(lambda: node.ended.get(session) == "revoked", seconds=5)


async def test_a_refresh_gives_new_tokens_of_the_same_session(node: Relay) -> None:
    ada = await node.stranger().register()
    reply = await refresh(ada)
    assert reply.status == 200
    assert reply.body["session_id"] == ada.session["session_id"]
    assert reply.body["refresh_token"] != ada.session["refresh_token"]
    ada.session = reply.body
    assert (await ada.call("GET", "/v1/sessions")).status == 200


async def test_an_unknown_refresh_token_has_expired(node: Relay) -> None:
    for token in ("", "nonsense", "x" * 256):
        reply = await node.stranger().call("POST", "/v1/sessions/refresh", {"refresh_token": token})
        assert (reply.status, reply.body["code"]) == (401, "token_expired")


async def test_an_access_token_is_no_refresh_token(node: Relay) -> None:
    ada = await node.stranger().register()
    reply = await refresh(ada, ada.session["access_token"])
    assert reply.status in (401, 422)


async def test_threat_17_an_unknown_name_and_a_wrong_password_answer_with_the_same_bytes(node: Relay) -> None:
    ada = await node.stranger().register()
    answers = []
    for name in (ada.username, "nobody_of_that_name", "not a name\n", ""):
        body = {"username": name, "password": "the wrong password"}
        async with node.stranger()._http.post(f"{node.url}/v1/sessions", json=body) as response:
            headers = {k: v for k, v in response.headers.items() if k != "Date"}
            answers.append((response.status, headers, await response.read()))
    assert answers[0][0] == 401
    assert all(answer == answers[0] for answer in answers)


@pytest.fixture
def agreed_cost() -> Iterator[Passwords]:
    """What production pays for a password."""
    passwords = Passwords(threads=2)
    yield passwords
    passwords.close()


async def test_threat_17_an_unknown_name_takes_as_long_as_a_wrong_password(
    log_url: str, board_url: str, database_url: str, tmp_path: object, agreed_cost: Passwords
) -> None:
    roomy = {"SEALSTREAM_FAILED_LOGINS_PER_MINUTE": "100000"}
    settings = make_settings(log_url, board_url, database_url, tmp_path, **roomy)
    async with relay(settings, passwords=agreed_cost) as node:
        ada = await node.stranger().register()
        times: dict[str, list[float]] = {ada.username: [], "nobody_of_that_name": []}
        for _ in range(40):
            for name, taken in times.items():
                body = {"username": name, "password": "the wrong password"}
                # Of all threads, the relay's too: what it computes, however busy the machine is.
                began = time.process_time()
                assert (await ada.call("POST", "/v1/sessions", body)).status == 401
                taken.append(time.process_time() - began)
    known, unknown = (statistics.median(taken) for taken in times.values())
    assert abs(known - unknown) < 0.25 * known


async def test_five_failures_a_minute_close_a_name_whether_it_exists_or_not(node: Relay) -> None:
    ada = await node.stranger().register()
    for name in (ada.username, "nobody_of_that_name"):
        body = {"username": name, "password": "the wrong password"}
        replies = [await ada.call("POST", "/v1/sessions", body) for _ in range(6)]
        assert [reply.status for reply in replies] == [401] * 5 + [429]
        assert 0 < replies[-1].body["retry_after_ms"] <= 60_000
        assert int(replies[-1].headers["Retry-After"]) >= replies[-1].body["retry_after_ms"] / 1000


async def test_many_guesses_at_once_are_no_more_than_five(node: Relay) -> None:
    ada = await node.stranger().register()
    body = {"username": ada.username, "password": "the wrong password"}
    replies = await asyncio.gather(*(ada.call("POST", "/v1/sessions", body) for _ in range(20)))
    assert sorted(reply.status for reply in replies) == [401] * 5 + [429] * 15


async def test_log_ins_that_succeed_do_not_count_as_failed(node: Relay) -> None:
    ada = await node.stranger().register()
    assert [(await ada.log_in()).status for _ in range(8)] == [200] * 8


async def test_ten_log_ins_a_minute_per_address(
    log_url: str, board_url: str, database_url: str, tmp_path: object
) -> None:
    strict = {"SEALSTREAM_LOGINS_PER_MINUTE": "10"}
    settings: Settings = make_settings(log_url, board_url, database_url, tmp_path, **strict)
    async with relay(settings) as node:
        ada = await node.stranger().register()
        assert [(await ada.log_in()).status for _ in range(11)] == [200] * 10 + [429]


async def test_refreshes_are_bounded_per_address(node: Relay) -> None:
    ada, zoe = await node.stranger().register(), node.stranger()
    await node.limit(REFRESHES, 2)
    assert (await refresh(zoe, "nobody's")).status == 401
    tokens = await refresh(ada)
    assert tokens.status == 200
    refused = await refresh(zoe, "nobody's")
    assert (refused.status, refused.body["code"]) == (429, "rate_limited")
    assert refused.body["retry_after_ms"] > 0
    await node.limit(REFRESHES, 3)
    assert (await refresh(ada, tokens.body["refresh_token"])).status == 200, "the refused one did nothing"


async def guess(node: Relay, name: str, address: str, times: int = 1) -> list[int]:
    """Wrong passwords from one address, behind a proxy; what was answered."""
    body = {"username": name, "password": "the wrong password"}
    caller, headers = node.stranger(), {"X-Forwarded-For": address}
    return [(await caller.call("POST", "/v1/sessions", body, headers=headers)).status for _ in range(times)]


async def test_strangers_who_guess_do_not_keep_the_owner_out(
    log_url: str, board_url: str, database_url: str, tmp_path: object
) -> None:
    behind = {"SEALSTREAM_TRUSTED_PROXIES": "127.0.0.1"}
    settings = make_settings(log_url, board_url, database_url, tmp_path, **behind)
    async with relay(settings) as node:
        ada = await node.stranger().register()
        assert await guess(node, ada.username, "192.0.2.1", 6) == [401] * 5 + [429]
        assert await guess(node, ada.username.upper(), "192.0.2.1") == [429]
        assert (await ada.log_in()).status == 200
        for number in range(2, 11):
            assert await guess(node, ada.username, f"192.0.2.{number}", 5) == [401] * 5
        assert await guess(node, ada.username, "192.0.2.11") == [429], "fifty in all"
        change = {"password": PASSWORD, "new_password": "another good one"}
        assert (await ada.call("PUT", "/v1/account/password", change)).status == 204
        assert await guess(node, "nobody_of_that_name", "192.0.2.1", 6) == [401] * 5 + [429]
