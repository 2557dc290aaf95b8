"""`/v1/contacts` and `/v1/bundles`: found by name and fingerprint together, prekeys handed out once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from relay.identity.contacts import find
from schema import codec, inbox, keys
from schema.events import PrekeyTaken, Refused
from schema.inbox import PrekeysLow
from schema.limits import BUNDLES, BUNDLES_PER_TARGET, LOOKUPS
from schema.partitions import partition_of
from schema.refusals import Refusal
from schema.signal import fingerprint
from tests.support.people import Person, text64
from tests.support.relay import Relay, make_settings, relay
from tests.support.until import until


def contact(person: Person) -> str:
    return f"/v1/contacts/{person.username}/{person.fingerprint}"


def bundle(person: Person) -> str:
    return f"/v1/bundles/{person.username}/{person.fingerprint}"


async def _replaced(node: Relay, person: Person) -> Person:
    """The same account under a new identity."""
    other = node.stranger(person.username)
    await other.log_in()
    return await other.publish(replace=True)


async def test_a_contact_is_found_by_name_and_fingerprint(node: Relay) -> None:
    ada, bob = await node.person(prekeys=1), await node.person()
    reply = await bob.call("GET", contact(ada))
    assert reply.status == 200
    assert reply.body == {
        "user_id": ada.user_id,
        "username": ada.username,
        "identity_key": text64(ada.identity.public),
    }
    assert (await ada.call("GET", "/v1/keys")).body["available"] == 1


async def test_a_code_may_be_typed_in_either_case_and_with_look_alikes(node: Relay) -> None:
    ada, bob = await node.person(), await node.person()
    typed = ada.fingerprint.lower().replace("1", "l").replace("0", "o")
    reply = await bob.call("GET", f"/v1/contacts/{ada.username.upper()}/{typed}")
    assert reply.body["user_id"] == ada.user_id


async def test_whoever_has_not_published_cannot_be_found(node: Relay) -> None:
    ada, bob = await node.stranger().register(), await node.person()
    assert (await bob.call("GET", contact(ada))).body["code"] == "not_found"


@pytest.mark.parametrize("kind", ["contacts", "bundles"])
async def test_threat_17_an_unknown_name_and_a_wrong_fingerprint_answer_with_the_same_bytes(
    node: Relay, kind: str
) -> None:
    ada, bob = await node.person(), await node.person()
    places = [
        f"{ada.username}/{bob.fingerprint}",
        f"{ada.username}/not-a-fingerprint",
        f"{ada.username}/{ada.fingerprint[:7]}",
        f"nobody_of_that_name/{ada.fingerprint}",
        f"not%20a%20name/{ada.fingerprint}",
        f"%00/{ada.fingerprint}",
    ]
    answers = []
    headers = {"Authorization": f"Bearer {bob.session['access_token']}"}
    for place in places:
        async with bob._http.get(f"{node.url}/v1/{kind}/{place}", headers=headers) as response:
            answers.append((response.status, sorted(response.headers.items()), await response.read()))
            answers[-1][1].remove(("Date", response.headers["Date"]))
    assert answers[0][0] == 404
    assert all(answer == answers[0] for answer in answers)


class Recording:
    """A connection that notes what it is asked."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.asked: list[tuple[str, int]] = []

    async def execute(self, query: str, arguments: Any = ()) -> Any:
        self.asked.append((query, len(arguments)))
        return await self._connection.execute(query, arguments)


async def test_threat_17_the_same_question_is_put_to_the_database_whether_the_name_exists_or_not(
    node: Relay,
) -> None:
    ada, bob = await node.person(), await node.person()
    asked = []
    for name in (ada.username, "nobody_of_that_name"):
        async with node.services.database.connection() as connection:
            recording = Recording(connection)
            with pytest.raises(Refusal):
                await find(recording, name, bob.fingerprint)  # type: ignore[arg-type]
            asked.append(recording.asked)
    assert asked[0]
    assert asked[0] == asked[1]


@pytest.mark.parametrize("place", [contact, bundle])
async def test_an_earlier_fingerprint_tells_the_present_key(node: Relay, place: Any) -> None:
    ada, bob = await node.person(prekeys=1), await node.person()
    anew = await _replaced(node, ada)
    reply = await bob.call("GET", place(ada))
    assert (reply.status, reply.body["code"]) == (409, "identity_changed")
    assert reply.body["identity_key"] == text64(anew.identity.public)
    assert (await bob.call("GET", place(anew))).status == 200


async def test_an_identity_that_came_back_is_the_present_one(node: Relay) -> None:
    ada, bob = await node.person(), await node.person()
    anew = await _replaced(node, ada)
    between = Person(node.url, ada.username)
    node.people.append(between)
    between.identity = anew.identity
    anew.identity = ada.identity
    await anew.publish(replace=True)
    assert (await bob.call("GET", contact(ada))).status == 200
    assert (await bob.call("GET", contact(between))).body["code"] == "identity_changed"


async def test_a_bundle_has_every_device_with_a_prekey_of_its_own(node: Relay) -> None:
    ada, bob = await node.person(prekeys=1), await node.person()
    phone = await ada.another_device()
    node.people.append(phone)
    await phone.call("POST", "/v1/keys/prekeys", {"prekeys": phone.prekeys(5, 1)})
    reply = await bob.call("GET", bundle(ada))
    assert reply.status == 200
    assert (reply.body["user_id"], reply.body["identity_key"]) == (ada.user_id, text64(ada.identity.public))
    devices = reply.body["devices"]
    assert [(d["device_id"], d["registration_id"]) for d in devices] == [
        (1, ada.registration_id),
        (2, phone.registration_id),
    ]
    assert [d["prekey"]["id"] for d in devices] == [1, 5]
    again = (await bob.call("GET", bundle(ada))).body["devices"]
    assert [d["prekey"] for d in again] == [None, None]


async def test_a_bundle_can_be_of_some_devices(node: Relay) -> None:
    ada, bob = await node.person(prekeys=1), await node.person()
    phone = await ada.another_device()
    node.people.append(phone)
    reply = await bob.call("GET", bundle(ada) + "?devices=2,77")
    assert [d["device_id"] for d in reply.body["devices"]] == [2]
    assert (await ada.call("GET", "/v1/keys")).body["available"] == 1


async def test_device_numbers_that_are_none_are_invalid(node: Relay) -> None:
    ada = await node.person(prekeys=1)
    for wanted in ("", "1,", "one", "-1", "1;2", "99999999999", "1," * 1001 + "1"):
        reply = await ada.call("GET", bundle(ada), params={"devices": wanted})
        assert (reply.status, reply.body["path"]) == (422, "$.devices")
    assert (await ada.call("GET", "/v1/keys")).body["available"] == 1


async def test_a_taken_prekey_is_in_the_log_before_it_is_handed_out(node: Relay) -> None:
    ada, bob = await node.person(prekeys=2), await node.person()
    reply = await bob.call("GET", bundle(ada))
    partition = partition_of(UUID(ada.user_id), node.services.partitions)
    rows = await node.services.log.xrange(keys.log(partition))
    taken = [codec.decode_entry(fields)[0] for _, fields in rows]
    numbers = [event.prekey_id for event in taken if isinstance(event, PrekeyTaken)]
    assert numbers == [reply.body["devices"][0]["prekey"]["id"]]


async def test_threat_9_twenty_askers_never_get_a_prekey_twice(
    log_url: str, board_url: str, database_url: str, tmp_path: Path
) -> None:
    """Twenty accounts, fifty fetches each, a hundred at once: 6 per asker and target pass, no key twice."""
    settings = make_settings(log_url, board_url, database_url, tmp_path)
    async with relay(settings) as node:
        ada = await node.person(prekeys=100)
        askers = [await node.stranger().register() for _ in range(20)]
        replies = [
            reply
            for _ in range(10)
            for reply in await asyncio.gather(
                *(asker.call("GET", bundle(ada)) for asker in askers for _ in range(5))
            )
        ]
        granted = [reply.body["devices"][0]["prekey"] for reply in replies if reply.status == 200]
        assert len(granted) == 20 * 6
        assert {reply.status for reply in replies} == {200, 429}
        handed = [prekey["id"] for prekey in granted if prekey]
        assert len(handed) == len(set(handed)) == 100
        assert (await ada.call("GET", "/v1/keys")).body["available"] == 0


async def test_a_prekey_that_the_log_knows_as_taken_is_not_handed_out(node: Relay) -> None:
    """As after a crash between the log and the database: the row came back, the log has it as taken."""
    ada, bob = await node.person(prekeys=3), await node.person()
    user = UUID(ada.user_id)
    assert await node.services.directory.take(user, [(1, 1)], 0) == [True]
    await node.rows("DELETE FROM used_prekeys RETURNING 1")
    await node.rows(
        "INSERT INTO one_time_prekeys VALUES (%s, 1, 1, %s) ON CONFLICT DO NOTHING RETURNING 1",
        user,
        bytes(33),
    )
    assert (await bob.call("GET", bundle(ada))).body["devices"][0]["prekey"]["id"] == 2
    assert await node.services.directory.take(user, [(1, 1), (1, 3)], 0) == [False, True]


async def test_a_bundle_in_flight_while_the_account_is_deleted_records_nothing_after_the_deletion(
    node: Relay,
) -> None:
    ada, bob = await node.person(prekeys=3), await node.person()
    user = UUID(ada.user_id)
    await node.services.log.delete(
        keys.user(partition_of(user, node.services.partitions), user)
    )  # not projected yet
    assert (await bob.call("GET", bundle(ada))).body["devices"][0]["prekey"] is None
    assert not any(isinstance(event, PrekeyTaken) for event in await node.events(ada))


async def test_when_few_prekeys_remain_the_devices_node_is_told(node: Relay) -> None:
    ada, bob = await node.person(prekeys=21), await node.person()
    board = node.services.board
    await board.zadd(keys.NODES, {"n1": 1})
    await board.hset(keys.presence(ada.user_id), 1, "n1 socket")
    for _ in range(3):
        await bob.call("GET", bundle(ada))
    rows = await board.xrange(keys.inbox("n1"))
    items = [item for _, fields in rows for item in inbox.read(list(fields.items()))[0]]
    assert items == [PrekeysLow(UUID(ada.user_id), 1, 19), PrekeysLow(UUID(ada.user_id), 1, 18)]


async def test_six_bundles_of_one_target_at_once_then_one_every_ten_minutes(node: Relay) -> None:
    ada, bob, eve = await node.person(), await node.person(), await node.person()
    replies = [await bob.call("GET", bundle(ada)) for _ in range(7)]
    assert [reply.status for reply in replies] == [200] * 6 + [429]
    assert 590_000 < replies[-1].body["retry_after_ms"] <= 600_000
    assert (await bob.call("GET", bundle(eve))).status == 200
    assert (await eve.call("GET", bundle(ada))).status == 200


@pytest.fixture
async def strict(log_url: str, board_url: str, database_url: str, tmp_path: Path) -> AsyncIterator[Relay]:
    few = {"SEALSTREAM_BUNDLES_PER_HOUR": "3", "SEALSTREAM_LOOKUPS_PER_HOUR": "3"}
    async with relay(make_settings(log_url, board_url, database_url, tmp_path, **few)) as running:
        yield running


@pytest.mark.parametrize("kind", [BUNDLES, LOOKUPS])
async def test_guesses_count_as_much_as_hits(strict: Relay, kind: str) -> None:
    ada, bob = await strict.person(), await strict.person()
    right = bundle(ada) if kind == BUNDLES else contact(ada)
    wrong = right.replace(ada.username, "nobody_of_that_name")
    statuses = [(await bob.call("GET", place)).status for place in (wrong, right, wrong, right)]
    assert statuses == [404, 200, 404, 429]


async def test_a_refusal_by_a_limit_is_noted_for_the_rate_limiter(strict: Relay) -> None:
    ada, bob = await strict.person(), await strict.person()
    for _ in range(4):
        await bob.call("GET", contact(ada))
    rows = await until(lambda: strict.services.log.xrange(keys.LIMITS_LOG))
    noted = codec.decode_refused(rows[0][1][codec.EVENT_FIELD])
    assert noted == Refused(user=UUID(bob.user_id), limit=LOOKUPS, at=noted.at)


async def test_without_a_policy_no_prekey_is_handed_out(node: Relay) -> None:
    ada, bob = await node.person(prekeys=1), await node.person()
    node.services.limits.policy._rows.pop(BUNDLES_PER_TARGET)
    node.services.limits.policy._board = None
    reply = await bob.call("GET", bundle(ada))
    assert (reply.status, reply.body["code"]) == (503, "unavailable")
    assert (await ada.call("GET", "/v1/keys")).body["available"] == 1


async def test_fingerprints_are_the_last_eight_characters_of_the_key(node: Relay) -> None:
    ada = await node.person()
    assert ada.fingerprint == fingerprint(ada.identity.public)
    assert len(ada.fingerprint) == 8
