"""Floods from outside: what is refused is refused with its code, and people go on writing."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from statistics import quantiles

from schema.limits import BODY_BYTES, DEFAULTS
from tests.wire.conftest import Party

LOG_INS = 120
MOST_BYTES = next(row.count for row in DEFAULTS if row.name == "bytes")


async def test_threat_18_messages_pass_while_log_ins_flood_the_node(
    party: Party, record_property: Callable[[str, object], None]
) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna, at_bela = await party.line(anna), await party.line(bela)
    stranger = party.stranger()

    async def log_in(number: int) -> str:
        body = {"username": f"nobody_{number}", "password": "wrong password"}
        reply = await stranger.call("POST", "/v1/sessions", body)
        return f"{reply.status} {reply.body['code']}"

    flood = asyncio.gather(*(log_in(number) for number in range(LOG_INS)))
    took = []
    for number in range(40):
        began = time.perf_counter()
        assert (await at_anna.send(bela, str(number).encode()))["ok"]
        took.append(time.perf_counter() - began)
    answers = Counter(await flood)
    assert await at_bela.until_bodies(40) == [str(number).encode() for number in range(40)]
    assert set(answers) <= {"401 bad_credentials", "429 rate_limited", "503 unavailable"}, answers
    record_property("send_p99_seconds_during_log_in_flood", quantiles(took, n=100)[98])
    record_property("log_in_answers", dict(answers))


async def test_threat_12_a_user_at_the_limit_of_bytes_is_refused_and_others_are_not(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    devices = [bela, await party.device_of(bela)]
    at_anna, at_bela = await party.line(anna), [await party.line(device) for device in devices]
    most, body = MOST_BYTES // (2 * BODY_BYTES), b"x" * BODY_BYTES
    for _ in range(most):
        assert (await at_anna.send(bela, b"", envelopes=bela.envelopes(body, to=devices)))["ok"]
    answer = await at_anna.send(bela, b"", envelopes=bela.envelopes(b"1", to=devices))
    refused = answer["error"]
    assert (refused["code"], refused["message"]) == ("rate_limited", "Over the limit of bytes.")
    assert 0 < refused["retry_after_ms"] <= 60_000
    assert (await at_bela[0].send(anna, body))["ok"]
    assert [len(await line.until_bodies(most)) for line in at_bela] == [most, most]


async def test_copies_to_ones_own_devices_take_nothing_from_the_messages_and_are_bounded_themselves(
    party: Party,
) -> None:
    anna, bela = await party.person(), await party.person()
    phone, tablet = await party.device_of(anna), await party.device_of(bela)
    line = await party.line(anna)
    to_bela = {"envelopes": bela.envelopes(b"x", to=[bela, tablet])}
    answers = []
    for _ in range(60):
        answers.append(await line.send(bela, b"", **to_bela))
        answers += [await line.send(phone, b"copy"), await line.send(phone, b"read")]
    assert {answer["ok"] for answer in answers} == {True}
    refused = [await line.send(bela, b"", **to_bela), await line.send(phone, b"one more")]
    assert [answer["error"]["message"] for answer in refused] == [
        "Over the limit of messages.", "Over the limit of own_copies.",
    ]  # fmt: skip


async def test_a_user_who_keeps_hitting_the_limit_is_evicted(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    line = await party.line(anna)
    codes: Counter[str] = Counter()
    for number in range(140):
        if line.events and line.events[-1][0] == "disconnect":
            break
        try:
            answer = await asyncio.wait_for(line.send(bela, str(number).encode()), 3)
        except Exception:  # noqa: BLE001 - the socket is ended in the middle of a call
            break
        codes["ok" if answer["ok"] else answer["error"]["code"]] += 1
    assert await line.until_event("session.ended") == {"reason": "rate_limited"}
    assert codes["ok"] == 60
    assert set(codes) == {"ok", "rate_limited"}
