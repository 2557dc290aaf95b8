"""Envelopes over their time: the floor moves over a prefix, once, and only by what was still owed."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from schema import codec, functions, keys
from schema.events import EnvelopesExpired
from schema.partitions import partition_of
from tests.workers import stories
from tests.workers.oracle import projected
from tests.workers.stories import Said, accepted, identity
from workers.batches import Batch
from workers.projector.projection import Projection
from workers.retention import expiry
from workers.retention.expiry import expire, expire_mailbox

PARTITIONS = 4
TTL = 1000
NOW = 10_000
OLD, YOUNG = NOW - TTL - 1, NOW - TTL + 1


async def mailbox(log: Any, database: Any, *envelopes: Said, logged_at: int = 1, **numbers: int) -> UUID:
    """A user with one device and these envelopes in the database; `numbers` as the directory has them. The
    log's clock says `logged_at` when it takes the first entry, and a millisecond more for each after it."""
    user = envelopes[0][0].user
    partition = partition_of(user, PARTITIONS)
    projection = Projection(database, partition)
    story = stories.entries([identity(user), *envelopes], first=logged_at)
    await projection.resume()
    await projection.handle(Batch(story, story[-1].position))
    fields = {"i": b"key", "r1": 1, "h1": max(seq for _, seq in envelopes)}
    fields |= {f"{name[0]}1": value for name, value in numbers.items()}
    await log.hset(keys.user(partition, user), mapping=fields)
    return user


async def said(log: Any, user: UUID) -> list[tuple[int, EnvelopesExpired]]:
    found = []
    for _, fields in await log.xrange(keys.log(partition_of(user, PARTITIONS))):
        event, seq = codec.decode_entry(fields)
        assert isinstance(event, EnvelopesExpired)
        found.append((seq, event))
    return found


async def run(database: Any, log: Any) -> int:
    return await expire(database, log, PARTITIONS, now=NOW, ttl_ms=TTL)


async def test_the_floor_moves_over_what_outlived_its_time_and_no_further(log, database) -> None:
    one = uuid4()
    user = await mailbox(
        log, database, accepted(one, 1, 1, OLD), accepted(one, 1, 2, OLD), accepted(one, 1, 3, YOUNG)
    )
    assert await run(database, log) == 2
    ((upto, event),) = await said(log, user)
    assert (upto, event.user, event.device, event.count, event.at) == (2, user, 1, 2, NOW)
    assert await log.hget(keys.user(partition_of(user, PARTITIONS), user), "f1") == b"2"


async def test_a_young_envelope_in_between_holds_the_older_ones_behind_it(log, database) -> None:
    """Nodes' clocks differ; only a prefix can expire, and nothing expires early."""
    one = uuid4()
    user = await mailbox(
        log, database, accepted(one, 1, 1, OLD), accepted(one, 1, 2, YOUNG), accepted(one, 1, 3, OLD)
    )
    assert await run(database, log) == 1
    assert [upto for upto, _ in await said(log, user)] == [1]


async def test_a_young_first_envelope_holds_all(log, database) -> None:
    one = uuid4()
    user = await mailbox(log, database, accepted(one, 1, 1, YOUNG), accepted(one, 1, 2, OLD))
    assert await run(database, log) == 0
    assert await said(log, user) == []


async def test_a_node_whose_clock_is_behind_shortens_no_life(log, database) -> None:
    one, other = uuid4(), uuid4()
    user = await mailbox(log, database, accepted(one, 1, 1, at=5), logged_at=YOUNG)
    assert await run(database, log) == 0
    assert await said(log, user) == []
    older = await mailbox(
        log, database, accepted(other, 1, 1, at=5), accepted(other, 1, 2, at=5), logged_at=NOW - TTL - 2
    )
    assert await run(database, log) == 1
    assert [upto for upto, _ in await said(log, older)] == [1], "the second was logged within its time"


async def test_held_mailboxes_however_many_keep_no_other_waiting(log, database, monkeypatch) -> None:
    monkeypatch.setattr(expiry, "MAILBOXES_AT_ONCE", 2)
    held, due = [UUID(int=number) for number in range(1, 6)], [UUID(int=number) for number in range(6, 9)]
    for user in held:
        await mailbox(log, database, accepted(user, 1, 1, YOUNG), accepted(user, 1, 2, OLD))
    for user in due:
        await mailbox(log, database, accepted(user, 1, 1, OLD))
    assert await run(database, log) == len(due)


async def test_a_second_round_before_the_projection_expires_nothing_twice(log, database) -> None:
    one = uuid4()
    user = await mailbox(log, database, accepted(one, 1, 1, OLD))
    assert await run(database, log) == 1
    assert await run(database, log) == 0
    assert len(await said(log, user)) == 1


async def test_only_what_was_not_acknowledged_meanwhile_is_counted(log, database) -> None:
    one = uuid4()
    envelopes = [accepted(one, 1, seq, OLD) for seq in range(1, 6)]
    user = await mailbox(log, database, *envelopes, cursor=3)
    assert await run(database, log) == 2
    ((upto, event),) = await said(log, user)
    assert (upto, event.count) == (5, 2)


async def test_a_mailbox_that_was_read_to_the_end_is_left_alone(log, database) -> None:
    one = uuid4()
    user = await mailbox(log, database, accepted(one, 1, 1, OLD), cursor=1)
    assert await run(database, log) == 0
    assert await said(log, user) == []


async def test_a_device_that_was_closed_meanwhile_is_left_alone(log, database) -> None:
    one = uuid4()
    user = await mailbox(log, database, accepted(one, 1, 1, OLD))
    await log.hdel(keys.user(partition_of(user, PARTITIONS), user), "r1", "h1")
    assert await run(database, log) == 0
    assert await said(log, user) == []


async def test_crossing_calls_expire_each_envelope_once(log, database) -> None:
    one = uuid4()
    user = await mailbox(log, database, *(accepted(one, 1, seq, OLD) for seq in range(1, 9)))
    partition = partition_of(user, PARTITIONS)
    counts = await asyncio.gather(
        *(expire_mailbox(log, partition, user, 1, upto, NOW) for upto in (3, 8, 5, 8, 3))
    )
    assert sum(counts) == sum(event.count for _, event in await said(log, user))
    floors = [upto for upto, _ in await said(log, user)]
    assert floors == sorted(set(floors))
    assert sum(counts) == floors[-1]


async def test_the_function_refuses_what_was_reckoned_from_other_numbers(log, database) -> None:
    one = uuid4()
    user = await mailbox(log, database, *(accepted(one, 1, seq, OLD) for seq in range(1, 4)))
    partition = partition_of(user, PARTITIONS)
    names = [keys.log(partition), keys.user(partition, user), keys.log_id(partition)]
    event = codec.encode(EnvelopesExpired(user=user, device=1, at=NOW, count=2))

    async def call(device: int, upto: int, cursor: int, floor: int) -> int:
        reply: int = await functions.call(
            log, "schema", "expire", names, [device, upto, cursor, floor, event, ""]
        )
        return reply

    assert await call(1, 2, 1, 0) == 0  # the cursor is not there
    assert await call(1, 2, 0, 1) == 0  # the floor is not there
    assert await call(1, 4, 0, 0) == 0  # beyond the head
    assert await call(2, 2, 0, 0) == 0  # no such device
    assert await call(1, 2, 0, 0) == 1
    assert await call(1, 2, 0, 2) == 0  # it is there already
    assert await call(1, 1, 0, 2) == 0  # a floor never goes back
    assert [upto for upto, _ in await said(log, user)] == [2]


async def test_what_expired_leaves_the_database_by_its_projection(log, database, database_url) -> None:
    one = uuid4()
    user = await mailbox(log, database, accepted(one, 1, 1, OLD), accepted(one, 1, 2, YOUNG))
    await run(database, log)
    ((upto, event),) = await said(log, user)
    projection = Projection(database, partition_of(user, PARTITIONS))
    at = await projection.resume()
    entries = stories.entries([(event, upto)], first=at.ms + 1)
    await projection.handle(Batch(entries, entries[-1].position))
    tables = projected(database_url, [user])
    assert [row[2] for row in tables["envelopes"]] == [2]
    assert tables["mailboxes"] == [(user, 1, 2, 0, 1)]
