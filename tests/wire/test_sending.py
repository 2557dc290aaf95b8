"""`send`, `ack` and what comes of them, spoken by python-socketio's own client."""

from uuid import uuid4

import pytest

from tests.support.people import Person
from tests.wire.conftest import Party

ANSWERS_AS_NUMBERS = {"accepted", "at", "ok"}


async def test_what_one_sends_the_other_receives_in_order_and_without_gaps(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    at_bela, at_anna = await party.line(bela), await party.line(anna)
    await at_bela.until_event("caught_up")
    bodies = [f"ciphertext {number}".encode() for number in range(20)]
    for number, body in enumerate(bodies, start=1):
        answer = await at_anna.send(bela, body)
        assert set(answer) == ANSWERS_AS_NUMBERS
        assert answer["accepted"] == [{"device_id": bela.device_id, "seq": number}]
    assert await at_bela.until_bodies(20) == bodies
    assert [envelope["seq"] for envelope in at_bela.envelopes] == list(range(1, 21))
    first = at_bela.envelopes[0]
    assert set(first) == {"seq", "id", "from", "kind", "body", "at"}
    assert first["from"] == {"user_id": anna.user_id, "device_id": anna.device_id}


async def test_what_was_sent_while_away_waits_and_comes_before_caught_up(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna = await party.line(anna)
    bodies = [f"while away {number}".encode() for number in range(15)]
    for body in bodies:
        assert (await at_anna.send(bela, body))["ok"]
    at_bela = await party.line(bela)
    assert (await at_bela.until_event("caught_up"))["head"] == 15
    assert [envelope["body"] for envelope in at_bela.envelopes] == bodies
    assert at_bela.events[-1][0] == "caught_up"


async def test_what_was_acknowledged_does_not_come_again_and_the_rest_does(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna = await party.line(anna)
    at_bela = party.unopened(bela)
    at_bela.acknowledging = False
    await at_bela.open()
    for number in range(3):
        await at_anna.send(bela, f"{number}".encode())
    first = (await at_bela.until_bodies(3)) and at_bela.envelopes[:]
    assert await at_bela.call("ack", {"upto": 2}) == {"ok": True}
    await at_bela.close()
    again = await party.line(bela)
    await again.until_event("caught_up")
    assert again.envelopes == first[2:]


async def test_the_same_id_again_answers_as_the_first_time_and_is_delivered_once(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna, at_bela = await party.line(anna), await party.line(bela)
    envelope_id = str(uuid4())
    first = await at_anna.send(bela, b"once", envelope_id=envelope_id)
    assert await at_anna.send(bela, b"once", envelope_id=envelope_id) == first
    assert await at_anna.send(bela, b"changed", envelope_id=envelope_id) == first
    await at_anna.send(bela, b"twice")
    assert await at_bela.until_bodies(2) == [b"once", b"twice"]
    assert at_bela.envelopes[0]["at"] == first["at"]


async def test_all_devices_are_written_to_in_one_call_or_none(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    tablet = await party.device_of(bela)
    at_anna = await party.line(anna)
    refused = await at_anna.send(bela, b"to one only")
    assert refused["ok"] is False
    error = refused["error"]
    assert (error["code"], error["missing"], error["extra"], error["stale"]) == (
        "device_mismatch", [tablet.device_id], [], [],
    )  # fmt: skip
    stale = [{**envelope, "registration_id": 16381} for envelope in bela.envelopes(b"x", to=[bela, tablet])]
    stale.append({**stale[0], "device_id": 77})
    error = (await at_anna.send(bela, b"", envelopes=stale))["error"]
    assert (error["missing"], error["extra"], error["stale"]) == (
        [], [77], sorted([bela.device_id, tablet.device_id]),
    )  # fmt: skip
    answer = await at_anna.send(bela, b"", envelopes=bela.envelopes(b"to both", to=[bela, tablet]))
    assert [row["seq"] for row in answer["accepted"]] == [1, 1]
    for device in (bela, tablet):
        line = await party.line(device)
        assert await line.until_bodies(1) == [b"to both"]


async def test_one_s_own_other_devices_are_written_to_without_the_sending_one(party: Party) -> None:
    anna = await party.person()
    tablet = await party.device_of(anna)
    at_anna, at_tablet = await party.line(anna), await party.line(tablet)
    assert (await at_anna.send(tablet, b"copy"))["ok"]
    assert await at_tablet.until_bodies(1) == [b"copy"]
    refused = await at_anna.send(anna, b"", envelopes=anna.envelopes(b"x", to=[anna, tablet]))
    assert refused["error"]["extra"] == [anna.device_id]


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"id": "not-a-uuid"}, "invalid", "$.id"),
        ({"id": 7}, "invalid", "$.id"),
        ({"to": None}, "invalid", "$.to"),
        ({"envelopes": "all"}, "invalid", "$.envelopes"),
        ({"envelopes": [{"device_id": 1}]}, "invalid", "$.envelopes[0]"),
        ({"envelopes": [{"device_id": 0, "registration_id": 1, "kind": "message", "body": b"x"}]}, "invalid",
         "$.envelopes[0].device_id"),
        ({"envelopes": [{"device_id": 1, "registration_id": 1, "kind": "letter", "body": b"x"}]}, "invalid",
         "$.envelopes[0].kind"),
        ({"envelopes": [{"device_id": 1, "registration_id": 1, "kind": "message", "body": 5}]}, "invalid",
         "$.envelopes[0].body"),
        ({"envelopes": [{"device_id": 1, "registration_id": 1, "kind": "message", "body": "hi"}]}, "invalid",
         "$.envelopes[0].body"),
        ({"envelopes": [{"device_id": 1, "registration_id": 1, "kind": "message", "body": b""}]}, "invalid",
         "$.envelopes[0].body"),
        ({"envelopes": [{"device_id": 1, "registration_id": 1, "kind": "message", "body": b"x"}] * 2},
         "invalid",
         "$.envelopes[1].device_id"),
    ],
)  # fmt: skip
async def test_bad_sends_are_refused_with_the_path_of_the_field(
    party: Party, change: dict[str, object], code: str, path: str
) -> None:
    anna = await party.person()
    line = await party.line(anna)
    good = {"id": str(uuid4()), "to": anna.user_id, "envelopes": anna.envelopes(b"x")}
    answer = await line.call("send", {**good, **change})
    assert answer["ok"] is False
    assert (answer["error"]["code"], answer["error"]["path"]) == (code, path)
    assert answer["error"]["message"]


@pytest.mark.parametrize("payload", [None, 5, "send", [], b"bytes", {}])
@pytest.mark.parametrize("event", ["send", "ack", "presence.watch", "ephemeral", "auth.refresh"])
async def test_a_call_that_is_not_even_a_map_is_invalid(party: Party, event: str, payload: object) -> None:
    line = await party.line(await party.person())
    answer = await line.call(event, payload)
    assert (answer["ok"], answer["error"]["code"]) == (False, "invalid")


async def test_an_unknown_event_is_invalid_and_the_socket_stays(party: Party) -> None:
    line = await party.line(await party.person())
    assert (await line.call("teleport", {}))["error"]["code"] == "invalid"
    assert (await line.call("ack", {"upto": 0}))["ok"]


async def test_a_body_over_64_kib_or_a_call_over_768_kib_is_too_large(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    line = await party.line(anna)
    assert (await line.send(bela, b"x" * (64 * 1024)))["ok"]
    assert (await line.send(bela, b"x" * (64 * 1024 + 1)))["error"]["code"] == "too_large"
    many = [{**bela.envelopes(b"x" * 60_000)[0], "device_id": number} for number in range(1, 15)]
    assert (await line.send(bela, b"", envelopes=many))["error"]["code"] == "too_large"


async def test_the_longest_text_in_chinese_reaches_six_devices(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    devices = [bela, *[await party.device_of(bela) for _ in range(5)]]
    line = await party.line(anna)
    body = ("漢" * 16_000).encode().ljust(48_480, b"\0")  # padded, as clients pad contents
    answer = await line.send(bela, b"", envelopes=bela.envelopes(body, to=devices))
    assert [accepted["seq"] for accepted in answer["accepted"]] == [1] * 6


async def test_a_user_that_does_not_exist_is_not_found(party: Party) -> None:
    anna = await party.person()
    line = await party.line(anna)
    nobody = Person(anna.url)
    nobody.session = {"user_id": str(uuid4()), "device_id": 1}
    assert (await line.send(nobody, b"x"))["error"]["code"] == "not_found"
    await nobody.__aexit__(None, None, None)


@pytest.mark.parametrize("upto", [1, 2**40])
async def test_what_was_never_sent_cannot_be_acknowledged(party: Party, upto: int) -> None:
    line = await party.line(await party.person())
    answer = await line.call("ack", {"upto": upto})
    assert (answer["error"]["code"], answer["error"]["path"]) == ("invalid", "$.upto")


async def test_sixty_messages_pass_in_a_minute_and_the_next_is_told_when_to_come_again(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    line = await party.line(anna)
    answers = [await line.send(bela, b"x") for _ in range(61)]
    assert [answer["ok"] for answer in answers] == [True] * 60 + [False]
    error = answers[-1]["error"]
    assert error["code"] == "rate_limited"
    assert 0 < error["retry_after_ms"] <= 60_000


async def test_what_is_in_flight_is_bounded_and_the_rest_follows_the_acknowledgement(party: Party) -> None:
    senders = [await party.person() for _ in range(6)]
    bela = await party.person()
    at_bela = party.unopened(bela)
    at_bela.acknowledging = False
    await at_bela.open()
    for sender in senders:
        line = await party.line(sender)
        for _ in range(50):
            assert (await line.send(bela, b"x"))["ok"]
    await at_bela.until_bodies(256)
    assert len(at_bela.envelopes) == 256
    assert await at_bela.call("ack", {"upto": 256}) == {"ok": True}
    await at_bela.until_bodies(300)
    assert [envelope["seq"] for envelope in at_bela.envelopes] == list(range(1, 301))
