"""Accepting and acknowledging on a real log: gapless, all or nothing, grouped."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from relay.log.mailbox_log import MailboxLog
from schema import functions, keys
from schema.clock import now_ms
from schema.events import EnvelopeAccepted, EnvelopesAcknowledged
from schema.link import OutcomeUnknown
from schema.partitions import partition_of
from schema.refusals import Refusal
from tests.support.mailboxes import CAPACITY, PARTITIONS, World, refusal, sending


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


async def test_a_mailbox_is_full_of_bytes_until_they_are_acknowledged(world: World) -> None:
    anna, sender = await world.user(d1=11, d2=22), uuid4()
    log = world.writing_side(capacity_bytes=1000)

    async def accept(size: int) -> Any:
        send = sending(anna, (1, 11), (2, 22), body=b"x" * size)
        return await log.accept(sender, 1, send, now_ms())

    await accept(700)
    await accept(300)
    await world.log.acknowledge(anna, 2, 2, now_ms())
    refused = await refusal(accept(1))
    assert (refused.code, refused.extra) == ("mailbox_full", {"device_id": 1})
    assert refused.detail == "Too many bytes wait for a device."
    assert (await accept(0)).seqs == [(1, 3), (2, 3)]
    await world.log.acknowledge(anna, 1, 1, now_ms())
    assert (await refusal(accept(701))).code == "mailbox_full"
    assert (await accept(700)).seqs == [(1, 4), (2, 4)]


async def test_nothing_is_kept_of_sizes_once_everything_is_acknowledged(world: World) -> None:
    anna, sender = await world.user(d1=11), uuid4()
    for _ in range(3):
        await world.log.accept(sender, 1, sending(anna, (1, 11)), now_ms())
    assert await world.client.keys("*:owed:*")
    await world.log.acknowledge(anna, 1, 2, now_ms())
    await world.log.acknowledge(anna, 1, 3, now_ms())
    assert not await world.client.keys("*:owed:*")


async def test_envelopes_of_a_log_that_kept_no_sizes_count_nothing(world: World) -> None:
    anna, sender = await world.user(d1=11), uuid4()
    directory = keys.user(partition_of(anna, PARTITIONS), anna)
    await world.client.hset(directory, mapping={"h1": 3, "c1": 1})
    log = world.writing_side(capacity_bytes=1000)

    async def accept(size: int) -> Any:
        return await log.accept(sender, 1, sending(anna, (1, 11), body=b"x" * size), now_ms())

    await accept(900)
    await world.log.acknowledge(anna, 1, 3, now_ms())
    assert (await refusal(accept(101))).code == "mailbox_full"
    assert (await accept(100)).seqs == [(1, 5)]


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
    try:
        async with asyncio.timeout(5):
            with pytest.raises(OutcomeUnknown):
                await world.log.acknowledge(user, 1, 0, now_ms())
            with pytest.raises(OutcomeUnknown):
                await world.log.accept(uuid4(), 1, sending(user, (1, 1)), now_ms())
    finally:
        await world.client.execute_command("FUNCTION FLUSH")  # the next test's log is the same server
    assert "mailbox_call_failed" in capsys.readouterr().out
