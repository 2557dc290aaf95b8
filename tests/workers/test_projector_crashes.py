"""A projector that is killed or frozen at exact moments: the work is taken over, nothing is done twice."""

import asyncio
import random
import signal
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from schema import keys
from schema.partitions import partition_of
from tests.servers import Servers
from tests.workers import stories
from tests.workers.moments import (
    Lock,
    inserts,
    note_inserts,
    nothing_left,
    pending,
    say,
    users_of_every_partition,
    writes_paused,
)
from tests.workers.oracle import Oracle, projected
from tests.workers.running import PARTITIONS, Workers, until
from tests.workers.stories import Said, accepted, identity
from workers.deliveries import ALONE, READ

pytestmark = pytest.mark.slow


def story_of(users: list[UUID]) -> list[Said]:
    return [
        *(identity(user) for user in users),
        *(accepted(user, 1, seq) for seq in range(1, 6) for user in users),
        stories.acknowledged(users[0], 1, 2),
        stories.uploaded(users[1], 1, 1, 2, 3),
        stories.taken(users[1], 1, 2),
    ]


def assert_projected(database_url: str, story: list[Said], users: list[UUID]) -> None:
    oracle = Oracle()
    for event, seq in story:
        oracle.apply(event, seq)
    assert projected(database_url, users) == oracle.tables()


async def test_a_projector_killed_mid_batch_loses_nothing(log, database_url, workers: Workers) -> None:
    users = users_of_every_partition()
    story = story_of(users)
    note_inserts(database_url)
    first = workers.start("projector").until_said("worker_up")
    with Lock(database_url, "mailboxes") as lock:
        await say(log, *story)
        await until(lambda: lock.waited_for(PARTITIONS))
        first.kill()
    assert await pending(log, keys.PROJECTOR) > 0
    workers.start("projector")
    await until(lambda: nothing_left(log, keys.PROJECTOR))
    assert_projected(database_url, story, users)
    assert len(inserts(database_url)) == 8  # ten were accepted, two of them acknowledged in the same batch


async def test_projectors_killed_while_they_wait_for_the_database_cost_no_entry_its_place(
    log, board, database_url, workers: Workers
) -> None:
    (user, *_) = users_of_every_partition()
    story = [identity(user), accepted(user, 1, 1), accepted(user, 1, 2)]
    projector = workers.start("projector").until_said("worker_up")
    await say(log, story[0])
    await until(lambda: nothing_left(log, keys.PROJECTOR))
    with Lock(database_url, "mailboxes") as lock:
        await say(log, *story[1:])
        for _ in range(3 + ALONE):
            await until(lock.waited_for)
            await until(lambda: counts_nothing(log, partition_of(user, PARTITIONS)))
            projector.kill()
            end_waiting(database_url)
            await until(lambda: nobody_waits(lock))
            await board.flushall()  # the next one need not wait until the lease is over
            projector = workers.start("projector")
        await until(lock.waited_for)
    await until(lambda: nothing_left(log, keys.PROJECTOR))
    assert await log.keys("*quarantine*") == []
    assert_projected(database_url, story, [user])


async def counts_nothing(log: Any, partition: int) -> bool:
    """The projector read or took over what it holds, and goes on for so long that it did not die of it."""
    rows = await log.xpending_range(keys.log(partition), keys.PROJECTOR, "-", "+", 100)
    return {row["times_delivered"] for row in rows} == {READ}


async def nobody_waits(lock: Lock) -> bool:
    return not await lock.waited_for()


def end_waiting(database_url: str) -> None:
    """PostgreSQL has yet to notice that who waits for the lock is gone."""
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )


async def test_a_projector_killed_between_commit_and_xack_writes_nothing_twice(
    log, database_url, workers: Workers
) -> None:
    users = users_of_every_partition()
    identities, envelopes = story_of(users)[:PARTITIONS], story_of(users)[PARTITIONS:-3]
    note_inserts(database_url)
    first = workers.start("projector").until_said("worker_up")
    await say(log, *identities)
    await until(lambda: nothing_left(log, keys.PROJECTOR))
    with Lock(database_url, "mailboxes") as lock:
        await say(log, *envelopes)
        await until(lambda: lock.waited_for(PARTITIONS))
        async with writes_paused(log):
            lock.release()

            async def all_written() -> bool:
                return len(inserts(database_url)) == len(envelopes)

            await until(all_written)
            first.kill()
            await asyncio.sleep(0.2)
    assert await pending(log, keys.PROJECTOR) == len(envelopes)
    workers.start("projector").until_said("took_over")
    await until(lambda: nothing_left(log, keys.PROJECTOR))
    assert_projected(database_url, [*identities, *envelopes], users)
    assert len(inserts(database_url)) == len(envelopes)


async def test_the_fold_of_the_log_equals_the_database_whoever_dies(
    log, database_url, workers: Workers
) -> None:
    chance = random.Random(7)
    users = [uuid4() for _ in range(30)]
    story: list[Said] = [identity(user) for user in users]
    heads = dict.fromkeys(users, 0)
    for number in range(1, 1500):
        user = chance.choice(users)
        what = chance.random()
        if what < 0.6:
            heads[user] += 1
            story.append(accepted(user, 1, heads[user], at=number))
        elif what < 0.85:
            story.append(stories.acknowledged(user, 1, chance.randint(0, heads[user]), at=number))
        elif what < 0.95:
            story.append(stories.uploaded(user, 1, number, number + 1, at=number))
        else:
            story.append(stories.taken(user, 1, chance.randint(1, number), at=number))
    team = [workers.start("projector"), workers.start("projector")]
    for start in range(0, len(story), 25):
        await say(log, *story[start : start + 25])
        await asyncio.sleep(0.05)
        if start in (300, 700):
            team.pop(0).kill()
            team.append(workers.start("projector"))
        if start == 1000:
            team.pop(0).stop()
    await until(lambda: nothing_left(log, keys.PROJECTOR), within=40)
    assert_projected(database_url, story, users)
    assert await log.keys("*quarantine*") == []


async def test_a_projector_frozen_past_its_lease_commits_nothing_when_it_wakes(
    log, database_url, workers: Workers
) -> None:
    users = users_of_every_partition()
    frozen = workers.start("projector").until_said("worker_up")
    await say(log, *(identity(user) for user in users))
    await until(lambda: nothing_left(log, keys.PROJECTOR))
    story = [accepted(user, 1, 1) for user in users]
    with Lock(database_url, "mailboxes") as lock:
        await say(log, *story)
        await until(lambda: lock.waited_for(PARTITIONS))
        frozen.signal(signal.SIGSTOP)
    workers.start("projector").until_said("took_over", within=30)
    later = [accepted(user, 1, 2) for user in users]
    await say(log, *later)
    await until(lambda: nothing_left(log, keys.PROJECTOR), within=30)
    frozen.signal(signal.SIGCONT)
    # Its commit failed: the transaction that it had left open is no more.
    frozen.until_said("consumer_waits")
    last = [accepted(user, 1, 3) for user in users]
    await say(log, *last)
    await until(lambda: nothing_left(log, keys.PROJECTOR), within=30)
    assert_projected(database_url, [*(identity(user) for user in users), *story, *later, *last], users)
    assert frozen.stop() == 0


async def test_a_projector_frozen_with_a_batch_in_hand_writes_nothing_of_it_when_it_wakes(
    log, database_url, workers: Workers
) -> None:
    users = users_of_every_partition()
    frozen = workers.start("projector").until_said("worker_up")
    await say(log, *(identity(user) for user in users))
    await until(lambda: nothing_left(log, keys.PROJECTOR))
    note_inserts(database_url)
    story = [accepted(users[0], 1, 1)]
    await say(log, *story)

    async def read() -> bool:
        return await pending(log, keys.PROJECTOR) == 1

    await until(read)
    frozen.signal(signal.SIGSTOP)  # it still lingers: nothing is written yet
    assert projected(database_url, users)["envelopes"] == []
    workers.start("projector").until_said("took_over", within=30)
    await until(lambda: nothing_left(log, keys.PROJECTOR), within=30)
    frozen.signal(signal.SIGCONT)
    # Which it notices first depends on where it froze: all of them make it let go of the batch.
    noticed = ("taking_over_again", "superseded", "consumer_waits", "lease_lost", "partition_given_back")

    async def has_noticed() -> bool:
        return any(frozen.said(slug) for slug in noticed)

    await until(has_noticed)
    story += [accepted(users[0], 1, seq) for seq in range(2, 30)]
    await say(log, *story[1:])
    await until(lambda: nothing_left(log, keys.PROJECTOR), within=30)
    assert_projected(database_url, [*(identity(user) for user in users), *story], users)
    assert len(inserts(database_url)) == len(story)


async def test_a_database_that_restarts_during_projection_is_waited_for(
    log, database_url, workers: Workers, servers: Servers
) -> None:
    users = users_of_every_partition()
    projector = workers.start("projector").until_said("worker_up")
    await say(log, *(identity(user) for user in users))
    await until(lambda: nothing_left(log, keys.PROJECTOR))
    servers.kill("postgres")
    story = [accepted(user, 1, seq) for seq in range(1, 50) for user in users]
    await say(log, *story)
    projector.until_said("consumer_waits")
    servers.revive()
    await until(lambda: nothing_left(log, keys.PROJECTOR), within=40)
    assert_projected(database_url, [*(identity(user) for user in users), *story], users)
    assert await log.keys("*quarantine*") == []
    assert projector.stop() == 0
