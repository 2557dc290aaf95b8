"""Two nodes are one relay: people on either talk, and a user's limits hold over both."""

import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
import socketio

from tests.support.quick import CHEAP
from tests.support.stack import Stack, data_folder
from tests.wire.conftest import Party


@pytest.fixture(scope="module")
def pair() -> Iterator[Stack]:
    with data_folder() as data:
        running = Stack(data, nodes=2, constants=CHEAP).start()
        yield running
        running.stop()


@pytest.fixture
async def party(pair: Stack) -> AsyncIterator[Party]:
    gathered = Party(pair.url())
    yield gathered
    await gathered.close()


async def test_people_on_different_nodes_talk(party: Party, pair: Stack) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna, at_bela = await party.line(anna), await party.line(bela, pair.url(1))
    for number in range(5):
        assert (await at_anna.send(bela, f"over {number}".encode()))["ok"]
        assert (await at_bela.send(anna, f"back {number}".encode()))["ok"]
    assert await at_bela.until_bodies(5) == [f"over {number}".encode() for number in range(5)]
    assert await at_anna.until_bodies(5) == [f"back {number}".encode() for number in range(5)]


async def test_a_newer_socket_on_the_other_node_ends_the_older(party: Party, pair: Stack) -> None:
    anna = await party.person()
    older = await party.line(anna)
    await party.line(anna, pair.url(1))
    assert await older.until_event("session.ended") == {"reason": "replaced"}


async def test_threat_13_one_user_gets_sixty_messages_over_both_nodes(party: Party, pair: Stack) -> None:
    anna, bela = await party.person(), await party.person()
    phone = await party.device_of(anna)
    lines = [await party.line(anna), await party.line(phone, pair.url(1))]
    answers = [await lines[number % 2].send(bela, b"x") for number in range(70)]
    assert sum(answer["ok"] for answer in answers) == 60
    assert {answer["error"]["code"] for answer in answers if not answer["ok"]} == {"rate_limited"}


async def test_threat_13_the_same_id_from_another_device_is_another_message(
    party: Party, pair: Stack
) -> None:
    anna, bela = await party.person(), await party.person()
    phone, tablet = [await party.device_of(anna) for _ in range(2)]
    lines = [await party.line(anna), await party.line(phone, pair.url(1)), await party.line(tablet)]
    ids = [str(uuid4()) for _ in range(30)]
    answers = [await line.send(bela, b"x", envelope_id=one) for one in ids for line in lines]
    assert sum(answer["ok"] for answer in answers) == 60
    assert {answer["error"]["code"] for answer in answers if not answer["ok"]} == {"rate_limited"}


async def test_the_same_id_again_through_the_other_node_answers_as_the_first_time(
    party: Party, pair: Stack
) -> None:
    anna, bela = await party.person(), await party.person()
    one = str(uuid4())
    first = await (await party.line(anna)).send(bela, b"x", envelope_id=one)
    other = await party.line(anna, pair.url(1))
    assert await other.send(bela, b"another ciphertext", envelope_id=one) == first
    for _ in range(59):
        assert (await other.send(bela, b"y"))["ok"]
    assert (await other.send(bela, b"z"))["error"]["code"] == "rate_limited"
    # Whoever is at the limit still learns what became of a message.
    assert await other.send(bela, b"x", envelope_id=one) == first
    at_bela = await party.line(bela)
    assert (await at_bela.until_bodies(60))[0] == b"x"
    assert len({envelope["seq"] for envelope in at_bela.envelopes}) == 60


async def test_threat_13_one_user_gets_ten_connections_over_both_nodes(party: Party, pair: Stack) -> None:
    anna = await party.person()
    opened = 0
    for number in range(14):
        line = party.unopened(anna, pair.url(number % 2))
        try:
            await line.open()
            opened += 1
        except socketio.exceptions.ConnectionError:
            assert line.refusal["data"]["code"] == "rate_limited"
        await line.close()
    assert opened == 10


async def test_presence_is_told_over_nodes(party: Party, pair: Stack) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna, at_bela = await party.line(anna), await party.line(bela, pair.url(1))
    await at_anna.call("presence.watch", {"users": [bela.user_id]})
    assert (await at_bela.call("presence.watch", {"users": [anna.user_id]}))["online"] == [anna.user_id]
    assert await at_anna.until_event("presence") == {"user_id": bela.user_id, "online": True}


async def test_ephemerals_pass_from_node_to_node_and_are_never_stored(party: Party, pair: Stack) -> None:
    anna, bela = await party.person(), await party.person()
    phone = await party.device_of(bela)
    at_anna = await party.line(anna)
    at_laptop, at_phone = await party.line(bela, pair.url(1)), await party.line(phone)
    typing = {
        "to": bela.user_id,
        "envelopes": [
            {"device_id": device.device_id, "body": f"for {device.device_id}".encode()}
            for device in (bela, phone)
        ],
    }
    assert await at_anna.call("ephemeral", typing) == {"ok": True}
    for line, device in ((at_laptop, bela), (at_phone, phone)):
        assert await line.until_event("ephemeral") == {
            "from": {"user_id": anna.user_id, "device_id": anna.device_id},
            "body": f"for {device.device_id}".encode(),
        }
    await at_laptop.close()
    assert await at_anna.call("ephemeral", typing) == {"ok": True}
    again = await party.line(bela, pair.url(1))
    assert (await again.until_event("caught_up"))["head"] == 0
    assert [name for name, _ in again.events if name == "ephemeral"] == []
    await at_phone.until(lambda: sum(name == "ephemeral" for name, _ in at_phone.events) == 2)


async def test_two_devices_of_one_user_watch_each_whom_it_asked_for(party: Party, pair: Stack) -> None:
    anna, bela, carl = [await party.person() for _ in range(3)]
    laptop = await party.device_of(anna)
    at_phone, at_laptop = await party.line(anna), await party.line(laptop, pair.url(1))
    await at_phone.call("presence.watch", {"users": [bela.user_id]})
    await at_laptop.call("presence.watch", {"users": [carl.user_id]})
    at_bela, at_carl = await party.line(bela, pair.url(1)), await party.line(carl)
    for line in (at_bela, at_carl):
        assert await line.call("presence.watch", {"users": [anna.user_id]}) == {
            "ok": True, "online": [anna.user_id],
        }  # fmt: skip
    assert await at_phone.until_event("presence") == {"user_id": bela.user_id, "online": True}
    assert await at_laptop.until_event("presence") == {"user_id": carl.user_id, "online": True}
    await at_phone.close()
    assert await at_bela.until_event("presence") == {"user_id": anna.user_id, "online": False}
    again = await party.line(anna)
    assert (await again.call("presence.watch", {"users": [carl.user_id]}))["online"] == [carl.user_id]
    for line, friend in ((at_laptop, carl), (at_carl, None)):
        told = [payload["user_id"] for name, payload in line.events if name == "presence"]
        assert told == ([friend.user_id] if friend else [])


async def test_threat_21_revocation_reaches_the_other_node_within_five_seconds(
    party: Party, pair: Stack
) -> None:
    anna = await party.person()
    line = await party.line(anna, pair.url(1))
    assert (await anna.call("DELETE", "/v1/sessions/current")).status == 204
    started = time.monotonic()
    assert await line.until_event("session.ended") == {"reason": "revoked"}
    assert time.monotonic() - started < 5.0


async def test_a_new_password_ends_the_sockets_of_other_sessions_on_every_node(
    party: Party, pair: Stack
) -> None:
    anna = await party.person()
    phone = await party.device_of(anna)
    here, there = await party.line(anna), await party.line(phone, pair.url(1))
    body = {"password": anna.password, "new_password": "another long password"}
    assert (await anna.call("PUT", "/v1/account/password", body)).status == 204
    assert await there.until_event("session.ended") == {"reason": "revoked"}
    assert (await here.call("ack", {"upto": 0}))["ok"]


async def test_a_deleted_account_is_gone_on_every_node(party: Party, pair: Stack) -> None:
    anna, bela = await party.person(prekeys=3), await party.person()
    at_anna, at_bela = await party.line(anna, pair.url(1)), await party.line(bela, pair.url(1))
    assert (await anna.call("DELETE", "/v1/account", {"password": anna.password})).status == 204
    assert await at_anna.until_event("session.ended") == {"reason": "account_deleted"}
    assert (await at_bela.send(anna, b"x"))["error"]["code"] == "not_found"
    for path in (
        f"/v1/contacts/{anna.username}/{anna.fingerprint}",
        f"/v1/bundles/{anna.username}/{anna.fingerprint}",
    ):
        reply = await bela.call("GET", path)
        assert (reply.status, reply.body["code"]) == (404, "not_found")
    assert (await anna.log_in()).status == 401


async def test_who_has_few_prekeys_left_is_told_on_any_node(party: Party, pair: Stack) -> None:
    anna, bela = await party.person(prekeys=21), await party.person()
    at_anna = await party.line(anna, pair.url(1))
    await at_anna.until_event("caught_up")
    for _ in range(2):
        assert (await bela.call("GET", f"/v1/bundles/{anna.username}/{anna.fingerprint}")).status == 200
    assert await at_anna.until_event("prekeys.low") == {"available": 19}


async def test_a_killed_node_leaves_its_users_online_for_less_than_15_seconds(
    party: Party, pair: Stack
) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna, at_bela = await party.line(anna), await party.line(bela, pair.url(1))
    await at_anna.call("presence.watch", {"users": [bela.user_id]})
    await at_bela.call("presence.watch", {"users": [anna.user_id]})
    await at_anna.until_event("presence")
    at_bela.acknowledging = False
    before = pair.kill("node-1")
    started = time.monotonic()
    gone = ("presence", {"user_id": bela.user_id, "online": False})
    await at_anna.until(lambda: gone in at_anna.events, seconds=15)
    assert time.monotonic() - started < 15
    pair.wait_restarted("node-1", before)


async def test_a_frozen_node_does_not_hold_what_was_accepted(party: Party, pair: Stack) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna = await party.line(anna)
    frozen = await party.line(bela, pair.url(1))
    await frozen.until_event("caught_up")
    os.kill(pair.pid("node-1"), signal.SIGSTOP)
    try:
        assert (await at_anna.send(bela, b"past the frozen node"))["ok"]
        elsewhere = await party.line(bela)
        assert await elsewhere.until_bodies(1) == [b"past the frozen node"]
    finally:
        os.kill(pair.pid("node-1"), signal.SIGCONT)
    assert await frozen.until_event("session.ended") == {"reason": "replaced"}
