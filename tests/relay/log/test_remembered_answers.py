"""A send that is made again is answered as the first time, within the hour, and appends nothing."""

import asyncio
from hashlib import sha256
from uuid import uuid4

import msgspec

from schema.clock import now_ms
from tests.support.mailboxes import World, sending


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
