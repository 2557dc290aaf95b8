"""Presence, ephemerals, and the ends of sessions, over one node."""

import asyncio
import time
from uuid import uuid4

from tests.support.people import Line
from tests.wire.conftest import Party


async def test_only_those_who_watch_each_other_are_told(party: Party) -> None:
    anna, bela, carl = [await party.person() for _ in range(3)]
    at_anna, at_bela, at_carl = [await party.line(person) for person in (anna, bela, carl)]
    assert await at_anna.call("presence.watch", {"users": [bela.user_id]}) == {"ok": True, "online": []}
    assert await at_carl.call("presence.watch", {"users": [bela.user_id]}) == {"ok": True, "online": []}
    watching = await at_bela.call("presence.watch", {"users": [anna.user_id]})
    assert watching == {"ok": True, "online": [anna.user_id]}
    assert await at_anna.until_event("presence") == {"user_id": bela.user_id, "online": True}
    await at_bela.close()
    await at_anna.until(lambda: ("presence", {"user_id": bela.user_id, "online": False}) in at_anna.events)
    assert not [name for name, _ in at_carl.events if name == "presence"]


async def test_more_than_a_thousand_watched_users_are_invalid(party: Party) -> None:
    anna = await party.person()
    line = await party.line(anna)
    answer = await line.call("presence.watch", {"users": [anna.user_id] * 1001})
    assert answer["error"]["code"] == "invalid"


async def test_ephemerals_reach_who_is_online_and_are_never_stored(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna, at_bela = await party.line(anna), await party.line(bela)
    typing = {"to": bela.user_id, "envelopes": [{"device_id": bela.device_id, "body": b"typing"}]}
    assert await at_anna.call("ephemeral", typing) == {"ok": True}
    assert await at_bela.until_event("ephemeral") == {
        "from": {"user_id": anna.user_id, "device_id": anna.device_id},
        "body": b"typing",
    }
    await at_bela.close()
    assert await at_anna.call("ephemeral", typing) == {"ok": True}
    again = await party.line(bela)
    await again.until_event("caught_up")
    await asyncio.sleep(0.3)
    assert [name for name, _ in again.events if name == "ephemeral"] == []


async def test_ephemerals_are_bounded_like_sends(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    line = await party.line(anna)
    for sizes in ([64 * 1024 + 1], [60_000] * 14):
        envelopes = [{"device_id": number, "body": b"x" * size} for number, size in enumerate(sizes, start=1)]
        answer = await line.call("ephemeral", {"to": bela.user_id, "envelopes": envelopes})
        assert answer["error"]["code"] == "too_large"


async def test_a_flood_of_ephemerals_is_refused_and_hides_nobody_else_s(party: Party) -> None:
    anna, bela, carl = [await party.person() for _ in range(3)]
    at_anna, at_bela, at_carl = [await party.line(person) for person in (anna, bela, carl)]
    typing = {"to": bela.user_id, "envelopes": [{"device_id": bela.device_id, "body": b"x" * 4096}]}
    answers = [await at_anna.call("ephemeral", typing) for _ in range(400)]
    refused = [answer["error"] for answer in answers if not answer["ok"]]
    assert refused, "200 at once, 20 a second, and a body of 4 KiB counts twice"
    assert {(error["code"], error["retry_after_ms"] > 0) for error in refused} == {("rate_limited", True)}
    assert (await at_carl.call("ephemeral", typing))["ok"], "the budget is the socket's own"
    await at_bela.until(lambda: {"user_id": carl.user_id, "device_id": 1} in senders(at_bela))
    assert (await at_anna.send(bela, b"messages are counted apart"))["ok"]


def senders(line: Line) -> list[dict[str, object]]:
    return [payload["from"] for name, payload in line.events if name == "ephemeral"]


async def test_a_flood_of_watch_lists_is_refused(party: Party) -> None:
    anna = await party.person()
    line = await party.line(anna)
    lists = [[str(uuid4()) for _ in range(1000)], []] * 14
    answers = [await line.call("presence.watch", {"users": users}) for users in lists]
    refused = [answer["error"]["code"] for answer in answers if not answer["ok"]]
    assert set(refused) == {"rate_limited"}
    assert 0 < len(refused) < 24


async def test_a_session_ended_elsewhere_closes_its_socket_within_five_seconds(party: Party) -> None:
    anna = await party.person()
    line = await party.line(anna)
    phone = await party.device_of(anna)
    started = time.monotonic()
    reply = await phone.call("DELETE", f"/v1/sessions/{anna.session['session_id']}")
    assert reply.status == 204
    assert await line.until_event("session.ended") == {"reason": "revoked"}
    assert time.monotonic() - started < 5.0
    await line.until_event("disconnect")


async def test_a_device_that_was_closed_loses_its_socket_and_cannot_come_back(party: Party) -> None:
    anna = await party.person()
    phone = await party.device_of(anna)
    line = await party.line(phone)
    assert (await anna.call("DELETE", f"/v1/devices/{phone.device_id}")).status == 204
    assert (await line.until_event("session.ended"))["reason"] == "revoked"


async def test_a_deleted_account_is_gone_for_everyone(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna, at_bela = await party.line(anna), await party.line(bela)
    assert (await anna.call("DELETE", "/v1/account", {"password": anna.password})).status == 204
    assert await at_anna.until_event("session.ended") == {"reason": "account_deleted"}
    assert (await at_bela.send(anna, b"x"))["error"]["code"] == "not_found"


async def test_threat_11_nobody_acts_for_another_on_a_socket(party: Party) -> None:
    anna, bela, eve = [await party.person() for _ in range(3)]
    at_bela, at_eve = await party.line(bela), await party.line(eve)
    posing = {"from": {"user_id": anna.user_id, "device_id": 1}, "user_id": anna.user_id, "device_id": 1}
    assert (await at_eve.send(bela, b"by eve", **posing))["ok"]
    await at_bela.until_bodies(1)
    assert at_bela.envelopes[0]["from"] == {"user_id": eve.user_id, "device_id": 1}
    typing = {"to": bela.user_id, "envelopes": [{"device_id": bela.device_id, "body": b"..."}], **posing}
    assert (await at_eve.call("ephemeral", typing))["ok"]
    assert (await at_bela.until_event("ephemeral"))["from"] == {"user_id": eve.user_id, "device_id": 1}
    # Eve's own mailbox is empty: whatever she says, she moves nobody's cursor.
    refused = await at_eve.call("ack", {"upto": 1, "user_id": bela.user_id, "device_id": bela.device_id})
    assert refused["error"]["code"] == "invalid"
    watched = await at_eve.call("presence.watch", {"users": [anna.user_id], "user_id": bela.user_id})
    assert watched["online"] == []
    for token in (anna.session["access_token"], bela.session["access_token"]):
        assert (await at_eve.call("auth.refresh", {"token": token}))["error"]["code"] == "unauthorized"


async def test_a_newer_token_keeps_the_socket(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    line = await party.line(anna)
    refresh = await anna.call(
        "POST", "/v1/sessions/refresh", {"refresh_token": anna.session["refresh_token"]}
    )
    assert await line.call("auth.refresh", {"token": refresh.body["access_token"]}) == {"ok": True}
    for token in ("nonsense", bela.session["access_token"]):
        assert (await line.call("auth.refresh", {"token": token}))["error"]["code"] == "unauthorized"


async def test_a_token_of_a_later_log_in_makes_its_session_the_socket_s(party: Party) -> None:
    """Else the later session's end would leave the socket open, and the earlier one's would close it."""
    anna = await party.person()
    phone = await party.device_of(anna)
    line = await party.line(anna)
    again = {"username": anna.username, "password": anna.password, "device_id": anna.device_id}
    later = (await anna.call("POST", "/v1/sessions", again)).body
    assert await line.call("auth.refresh", {"token": later["access_token"]}) == {"ok": True}
    assert (await phone.call("DELETE", f"/v1/sessions/{anna.session['session_id']}")).status == 204
    third = await party.line(await party.device_of(anna))
    assert (await phone.call("DELETE", f"/v1/sessions/{third.person.session['session_id']}")).status == 204
    await third.until_event("session.ended")  # what ended before was noticed, too
    assert not [name for name, _ in line.events if name == "session.ended"]
    assert (await phone.call("DELETE", f"/v1/sessions/{later['session_id']}")).status == 204
    assert await line.until_event("session.ended") == {"reason": "revoked"}
