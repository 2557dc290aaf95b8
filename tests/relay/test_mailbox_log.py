"""Accepting and acknowledging on a real log: gapless, once, all or nothing, grouped."""

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from redis.asyncio import Redis

from relay.link import Link, OutcomeUnknown
from relay.mailbox_log import MailboxLog
from schema import codec, functions, keys
from schema.clock import now_ms
from schema.events import EnvelopeAccepted, EnvelopesAcknowledged
from schema.partitions import partition_of
from schema.refusals import Refusal
from schema.wire_socket import OutgoingEnvelope, Send

PARTITIONS = 4
CAPACITY = 5


class World:
    """A log with a few users, and one node's writing side."""

    def __init__(self, client: "Redis[bytes]", link: Link) -> None:
        self.client = client
        self.link = link
        self.log = MailboxLog(
            link,
            partitions=PARTITIONS,
            capacity=CAPACITY,
            install=lambda: functions.install(client, "relay"),
            now=now_ms,
        )

    async def user(self, **devices: int) -> UUID:
        """A user with active devices, given as d1=REGISTRATION_ID."""
        user = uuid4()
        fields: dict[str, Any] = {"i": b"\x05identity"}
        for name, registration in devices.items():
            fields[f"r{name[1:]}"] = registration
        await self.client.hset(keys.user(partition_of(user, PARTITIONS), user), mapping=fields)
        return user

    async def entries(self, user: UUID) -> list[tuple[Any, int]]:
        """What the log says about a user, in order."""
        rows = await self.client.xrange(keys.log(partition_of(user, PARTITIONS)))
        decoded = [codec.decode_entry(fields) for _, fields in rows]
        return [(event, seq) for event, seq in decoded if event.user == user]


@pytest.fixture
async def world(log_url: str) -> AsyncIterator[World]:
    client: Redis[bytes] = Redis.from_url(log_url)
    await client.flushall()
    link = Link(log_url, name="log")
    await link.start()
    yield World(client, link)
    await link.close()
    await client.aclose()


def sending(
    to: UUID, *envelopes: tuple[int, int], envelope_id: UUID | None = None, body: bytes = b"\x33c"
) -> Send:
    made = [
        OutgoingEnvelope(device_id=device, registration_id=registration, kind="message", body=body)
        for device, registration in envelopes
    ]
    return Send(id=envelope_id or uuid4(), to=to, envelopes=made)


async def refusal(awaitable: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await awaitable
    return caught.value


async def test_every_device_gets_its_own_gapless_numbers(world: World) -> None:
    anna = await world.user(d1=11, d2=22)
    sender = uuid4()
    for expected in (1, 2, 3):
        answer = await world.log.accept(sender, 1, sending(anna, (1, 11), (2, 22)), now_ms())
        assert answer.seqs == [(1, expected), (2, expected)]
    kept = [(type(event), event.device, seq) for event, seq in await world.entries(anna)]
    assert kept == [(EnvelopeAccepted, device, seq) for seq in (1, 2, 3) for device in (1, 2)]


async def test_what_is_accepted_stands_in_the_log_byte_for_byte(world: World) -> None:
    anna, sender = await world.user(d1=11), uuid4()
    send = sending(anna, (1, 11), body=bytes(range(256)))
    await world.log.accept(sender, 9, send, 1234)
    ((event, seq),) = await world.entries(anna)
    assert seq == 1
    assert event == EnvelopeAccepted(
        user=anna,
        device=1,
        at=1234,
        id=send.id,
        from_user=sender,
        from_device=9,
        kind="message",
        body=bytes(range(256)),
    )


async def test_the_same_id_again_is_answered_as_the_first_time_and_appends_nothing(world: World) -> None:
    anna, sender = await world.user(d1=11), uuid4()
    send = sending(anna, (1, 11))
    first = await world.log.accept(sender, 1, send, now_ms())
    again = await world.log.accept(sender, 1, send, now_ms())
    assert again == first
    assert len(await world.entries(anna)) == 1


async def test_the_digests_of_what_was_accepted_are_remembered_for_receipts(world: World) -> None:
    anna, sender, now = await world.user(d1=11, d2=22), uuid4(), now_ms()
    plain, send = sending(anna, (1, 11), (2, 22)), sending(anna, (2, 22), (1, 11), body=b"asks")
    asking = msgspec.structs.replace(send, receipt=True)
    # One call for all three: only the second asks.
    answers = await asyncio.gather(
        *(world.log.accept(sender, 1, one, now) for one in (plain, asking, sending(anna, (1, 11), (2, 22))))
    )
    digest = sha256(b"asks").digest()
    assert [answer.digests for answer in answers] == [(), (digest, digest), ()]
    assert answers[1].seqs == [(2, 2), (1, 2)]
    changed = msgspec.structs.replace(sending(anna, (1, 11), (2, 22), envelope_id=send.id), receipt=True)
    assert await world.log.accept(sender, 1, changed, now) == answers[1]
    assert await world.log.answered(sender, 1, changed) == answers[1]
    late = msgspec.structs.replace(plain, receipt=True)
    assert await world.log.accept(sender, 1, late, now) == answers[0]


async def test_an_answer_is_remembered_for_an_hour_and_takes_little_memory(world: World) -> None:
    user, sender = await world.user(d1=7), uuid4()
    send = sending(user, (1, 7))
    assert await world.log.answered(sender, 1, send) is None
    accepted = await world.log.accept(sender, 1, send, now_ms())
    assert await world.log.answered(sender, 1, send) == accepted
    assert await world.log.answered(sender, 2, send) is None
    (name,) = await world.client.keys("*:seen:*")
    assert 3600 < await world.client.ttl(name) <= 5400
    assert await world.client.object("encoding", name) == b"listpack"
    # What was accepted an hour ago, two half hours back, is remembered; what is older is not.
    tag, _, slot, shard = name.split(b":")
    before = b"%s:seen:%d:%s" % (tag, int(slot) - 2, shard)
    await world.client.rename(name, before)
    assert await world.log.answered(sender, 1, send) == accepted
    assert await world.log.accept(sender, 1, send, now_ms()) == accepted
    await world.client.rename(before, b"%s:seen:%d:%s" % (tag, int(slot) - 4, shard))
    assert await world.log.answered(sender, 1, send) is None


async def test_an_answer_is_remembered_when_the_logs_clock_steps_back_an_hour(world: World) -> None:
    user, sender = await world.user(d1=11), uuid4()
    send = sending(user, (1, 11))
    first = await world.log.accept(sender, 1, send, now_ms())
    (name,) = await world.client.keys("*:seen:*")
    tag, _, slot, shard = name.split(b":")
    await world.client.rename(name, b"%s:seen:%d:%s" % (tag, int(slot) + 2, shard))
    assert await world.log.accept(sender, 1, send, now_ms()) == first
    assert len(await world.entries(user)) == 1


async def test_the_same_id_of_another_sender_or_device_is_another_envelope(world: World) -> None:
    anna, sender = await world.user(d1=11), uuid4()
    send = sending(anna, (1, 11))
    for user, device in ((sender, 1), (sender, 2), (uuid4(), 1)):
        await world.log.accept(user, device, send, now_ms())
    assert [seq for _, seq in await world.entries(anna)] == [1, 2, 3]


async def test_crossing_repeats_of_one_send_are_one_envelope(world: World) -> None:
    anna, sender = await world.user(d1=11), uuid4()
    send = sending(anna, (1, 11))
    answers = await asyncio.gather(*(world.log.accept(sender, 1, send, now_ms()) for _ in range(20)))
    assert {tuple(answer.seqs) for answer in answers} == {((1, 1),)}
    assert len(await world.entries(anna)) == 1


async def test_missing_extra_and_stale_devices_are_named_and_nothing_is_accepted(world: World) -> None:
    anna = await world.user(d1=11, d2=22, d3=33)
    refused = await refusal(world.log.accept(uuid4(), 1, sending(anna, (1, 11), (2, 99), (7, 7)), now_ms()))
    assert refused.code == "device_mismatch"
    assert refused.extra == {"missing": [3], "extra": [7], "stale": [2]}
    assert await world.entries(anna) == []


async def test_writing_to_oneself_leaves_the_sending_device_out(world: World) -> None:
    anna = await world.user(d1=11, d2=22)
    answer = await world.log.accept(anna, 1, sending(anna, (2, 22)), now_ms())
    assert answer.seqs == [(2, 1)]
    refused = await refusal(world.log.accept(anna, 1, sending(anna, (1, 11), (2, 22)), now_ms()))
    assert refused.extra == {"missing": [], "extra": [1], "stale": []}


async def test_a_user_whose_devices_are_all_closed_is_not_found(world: World) -> None:
    anna, sender = await world.user(), uuid4()
    for send in (sending(anna), sending(anna, (1, 11))):
        assert (await refusal(world.log.accept(sender, 1, send, now_ms()))).code == "not_found"
    assert await world.entries(anna) == []


async def test_ones_only_device_may_write_to_oneself(world: World) -> None:
    anna = await world.user(d1=11)
    assert (await world.log.accept(anna, 1, sending(anna), now_ms())).seqs == []


async def test_a_user_without_an_identity_is_not_found(world: World) -> None:
    assert (
        await refusal(world.log.accept(uuid4(), 1, sending(uuid4(), (1, 1)), now_ms()))
    ).code == "not_found"


async def test_a_full_mailbox_refuses_all_devices_until_something_is_acknowledged(world: World) -> None:
    anna, sender = await world.user(d1=11, d2=22), uuid4()
    for _ in range(CAPACITY):
        await world.log.accept(sender, 1, sending(anna, (1, 11), (2, 22)), now_ms())
    await world.log.acknowledge(anna, 2, CAPACITY, now_ms())
    refused = await refusal(world.log.accept(sender, 1, sending(anna, (1, 11), (2, 22)), now_ms()))
    assert (refused.code, refused.extra) == ("mailbox_full", {"device_id": 1})
    assert (await world.log.mailbox(anna, 2)).head == CAPACITY  # type: ignore[union-attr]
    await world.log.acknowledge(anna, 1, 1, now_ms())
    answer = await world.log.accept(sender, 1, sending(anna, (1, 11), (2, 22)), now_ms())
    assert answer.seqs == [(1, CAPACITY + 1), (2, CAPACITY + 1)]


async def test_the_cursor_moves_forward_only_and_an_old_acknowledgement_appends_nothing(world: World) -> None:
    anna, sender = await world.user(d1=11), uuid4()
    for _ in range(3):
        await world.log.accept(sender, 1, sending(anna, (1, 11)), now_ms())
    assert await world.log.acknowledge(anna, 1, 2, now_ms()) == 2
    assert await world.log.acknowledge(anna, 1, 1, now_ms()) == 2
    assert await world.log.acknowledge(anna, 1, 2, now_ms()) == 2
    acknowledged = [
        seq for event, seq in await world.entries(anna) if isinstance(event, EnvelopesAcknowledged)
    ]
    assert acknowledged == [2]


async def test_beyond_the_head_nothing_can_be_acknowledged(world: World) -> None:
    anna = await world.user(d1=11)
    refused = await refusal(world.log.acknowledge(anna, 1, 1, now_ms()))
    assert (refused.code, refused.extra) == ("invalid", {"path": "$.upto", "head": 0})
    refused = await refusal(world.log.acknowledge(anna, 2, 0, now_ms()))
    assert refused.code == "device_inactive"


async def test_one_turn_of_the_event_loop_is_one_call_per_partition(world: World) -> None:
    users = [await world.user(d1=11) for _ in range(12)]
    await world.log.accept(uuid4(), 1, sending(users[0], (1, 11)), now_ms())  # the functions are loaded now
    await world.client.config_resetstat()
    await asyncio.gather(
        *(world.log.accept(uuid4(), 1, sending(user, (1, 11)), now_ms()) for user in users * 3)
    )
    calls = (await world.client.info("commandstats"))["cmdstat_fcall"]["calls"]
    assert calls == len({partition_of(user, PARTITIONS) for user in users})


async def test_a_log_without_the_functions_is_given_them(world: World) -> None:
    anna = await world.user(d1=11)
    await world.client.execute_command("FUNCTION FLUSH")
    answer = await world.log.accept(uuid4(), 1, sending(anna, (1, 11)), now_ms())
    assert answer.seqs == [(1, 1)]


async def test_without_a_connection_nothing_is_accepted_and_the_refusal_says_so(world: World) -> None:
    anna = await world.user(d1=11)
    await world.link.close()
    refused = await refusal(world.log.accept(uuid4(), 1, sending(anna, (1, 11)), now_ms()))
    assert refused.code == "unavailable"
    assert await world.entries(anna) == []


async def test_an_unknown_outcome_is_resolved_by_the_same_call_again(world: World) -> None:
    anna, sender = await world.user(d1=11), uuid4()
    futures = [world.log.accept(sender, 1, sending(anna, (1, 11)), now_ms()) for _ in range(3)]
    await asyncio.sleep(0)
    await world.client.execute_command("CLIENT KILL TYPE normal SKIPME yes")
    answers = await asyncio.gather(*futures, return_exceptions=True)
    numbers = [answer.seqs for answer in answers if not isinstance(answer, BaseException)]
    kept = [seq for _, seq in await world.entries(anna)]
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert sorted(seq for ((_, seq),) in numbers) == kept
    assert len(numbers) + len(refused) == 3


async def test_functions_that_cannot_be_given_are_a_typed_refusal_not_a_silence(world: World) -> None:
    elsewhere: Redis[bytes] = Redis.from_url("unix:///nowhere.sock")
    world.log = MailboxLog(
        world.link,
        partitions=PARTITIONS,
        capacity=CAPACITY,
        install=lambda: functions.install(elsewhere, "relay"),
        now=now_ms,
    )
    user = await world.user(d1=1)
    await world.client.execute_command("FUNCTION FLUSH")
    async with asyncio.timeout(5):
        with pytest.raises(Refusal) as caught:
            await world.log.acknowledge(user, 1, 0, now_ms())
    assert caught.value.code == "unavailable"


async def test_a_reply_that_cannot_be_read_leaves_the_outcome_unknown_and_nobody_waiting(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    user = await world.user(d1=1)
    nonsense = "#!lua name={0}\nredis.register_function('{0}', function() return 'ok' end)"
    for name in ("accept", "acknowledge"):
        own = functions.called("relay", name)
        await world.client.execute_command("FUNCTION LOAD", "REPLACE", nonsense.format(own))
    async with asyncio.timeout(5):
        with pytest.raises(OutcomeUnknown):
            await world.log.acknowledge(user, 1, 0, now_ms())
        with pytest.raises(OutcomeUnknown):
            await world.log.accept(uuid4(), 1, sending(user, (1, 1)), now_ms())
    assert "mailbox_call_failed" in capsys.readouterr().out
