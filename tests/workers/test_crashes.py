"""Workers that are killed or frozen at exact moments: the work is taken over, nothing is done twice.

The moments are made by holding a lock in PostgreSQL, or by pausing the writes of a Valkey server.
"""

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self
from uuid import UUID, uuid4

import psycopg
import pytest

from schema import codec, keys
from schema.events import EnvelopesExpired, Refused
from schema.partitions import partition_of
from tests.servers import Servers
from tests.workers import stories
from tests.workers.oracle import Oracle, projected
from tests.workers.running import PARTITIONS, Workers, until
from tests.workers.stories import Said, accepted, identity

pytestmark = pytest.mark.slow
PAUSE_MS = 60_000


async def say(log: Any, *story: Said) -> None:
    """Appends the story in one piece, so that a lingering reader has all of it in hand."""
    async with log.pipeline(transaction=True) as piece:
        for said in story:
            piece.xadd(keys.log(partition_of(said[0].user, PARTITIONS)), stories.fields(said))
        await piece.execute()


async def pending(log: Any, group: str, stream: str | None = None) -> int:
    streams = [stream] if stream else [keys.log(partition) for partition in range(PARTITIONS)]
    total = 0
    for name in streams:
        if await log.exists(name):
            total += sum(
                row["pending"] for row in await log.xinfo_groups(name) if row["name"] == group.encode()
            )
    return total


async def nothing_left(log: Any, group: str, stream: str | None = None) -> bool:
    streams = [stream] if stream else [keys.log(partition) for partition in range(PARTITIONS)]
    for name in streams:
        groups = {row["name"]: row for row in await log.xinfo_groups(name)}
        row = groups.get(group.encode())
        if row is None or row["pending"] or row["lag"]:
            return False
    return True


@asynccontextmanager
async def writes_paused(client: Any) -> AsyncIterator[None]:
    await client.execute_command("CLIENT PAUSE", PAUSE_MS, "WRITE")
    try:
        yield
    finally:
        await client.execute_command("CLIENT UNPAUSE")


class Lock:
    """An exclusive lock on a table, and whether someone waits for it."""

    def __init__(self, database_url: str, table: str) -> None:
        self._url = database_url
        self._connection = psycopg.connect(database_url)
        self._connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")

    async def waited_for(self, by: int = 1) -> bool:
        with psycopg.connect(self._url) as other:  # within one transaction the answer would stay the same
            rows = other.execute(
                "SELECT 1 FROM pg_stat_activity "
                "WHERE wait_event_type = 'Lock' AND datname = current_database()"
            ).fetchall()
        return len(rows) >= by

    def release(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def story_of(users: list[UUID]) -> list[Said]:
    return [
        *(identity(user) for user in users),
        *(accepted(user, 1, seq) for seq in range(1, 6) for user in users),
        stories.acknowledged(users[0], 1, 2),
        stories.uploaded(users[1], 1, 1, 2, 3),
        stories.taken(users[1], 1, 2),
    ]


def note_inserts(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE written (seq bigint)")
        connection.execute(
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN INSERT INTO written VALUES (NEW.seq); RETURN NEW; END $$"
        )
        connection.execute(
            "CREATE TRIGGER note BEFORE INSERT ON envelopes FOR EACH ROW EXECUTE FUNCTION note()"
        )


def inserts(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT count(*) FROM written").fetchone()
        assert row
        return int(row[0])


def assert_projected(database_url: str, story: list[Said], users: list[UUID]) -> None:
    oracle = Oracle()
    for event, seq in story:
        oracle.apply(event, seq)
    assert projected(database_url, users) == oracle.tables()


def users_of_every_partition() -> list[UUID]:
    users: dict[int, UUID] = {}
    while len(users) < PARTITIONS:
        user = uuid4()
        users[partition_of(user, PARTITIONS)] = user
    return list(users.values())


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
    assert inserts(database_url) == 8  # ten were accepted, two of them acknowledged in the same batch


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
                return inserts(database_url) == len(envelopes)

            await until(all_written)
            first.kill()
            await asyncio.sleep(0.2)
    assert await pending(log, keys.PROJECTOR) == len(envelopes)
    workers.start("projector").until_said("took_over")
    await until(lambda: nothing_left(log, keys.PROJECTOR))
    assert_projected(database_url, [*identities, *envelopes], users)
    assert inserts(database_url) == len(envelopes)


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
    assert inserts(database_url) == len(story)


async def test_a_pusher_killed_mid_batch_is_followed_by_one_that_pushes(log, board, workers: Workers) -> None:
    (user, *_) = users_of_every_partition()
    await online(board, user)
    first = workers.start("pusher").until_said("partition_taken")
    await asyncio.sleep(1)
    async with writes_paused(board):
        await say(log, *(accepted(user, 1, seq) for seq in range(1, 6)))
        await until(lambda: _some_pending(log, keys.PUSHER))
        first.kill()
        await asyncio.sleep(0.2)
    assert await board.xlen(keys.inbox("n1")) == 0
    workers.start("pusher")
    await until(lambda: nothing_left(log, keys.PUSHER))
    assert await pushed(board) == [1, 2, 3, 4, 5]


async def test_a_pusher_killed_between_push_and_xack_only_doubles_pushes(
    log, board, workers: Workers
) -> None:
    (user, *_) = users_of_every_partition()
    await online(board, user)
    first = workers.start("pusher").until_said("partition_taken")
    await asyncio.sleep(1)
    async with writes_paused(board):
        await say(log, accepted(user, 1, 1), accepted(user, 1, 2))
        await until(lambda: _some_pending(log, keys.PUSHER))
        await log.execute_command("CLIENT PAUSE", PAUSE_MS, "WRITE")
    await until(lambda: board.xlen(keys.inbox("n1")))
    first.kill()
    await asyncio.sleep(0.2)
    await log.execute_command("CLIENT UNPAUSE")
    before = await pushed(board)
    assert await pending(log, keys.PUSHER) > 0
    workers.start("pusher")
    await until(lambda: nothing_left(log, keys.PUSHER))
    after = await pushed(board)
    assert after[: len(before)] == before
    assert sorted(set(after)) == [1, 2]
    assert len(after) > 2


async def _some_pending(log: Any, group: str) -> bool:
    return await pending(log, group) > 0


async def online(board: Any, user: UUID) -> None:
    await board.zadd(keys.NODES, {"n1": 1})
    await board.hset(keys.presence(user), 1, "n1 socket")


async def pushed(board: Any) -> list[int]:
    entries = await board.xrange(keys.inbox("n1"))
    return [
        int(name.removeprefix(b"p:")) for _, fields in entries for name in fields if name.startswith(b"p:")
    ]


async def test_retention_killed_after_it_expired_expires_nothing_twice(
    log, database_url, workers: Workers
) -> None:
    users = users_of_every_partition()
    await say(log, *(identity(user) for user in users), *(accepted(user, 1, 1, at=1) for user in users))
    for user in users:
        await log.hset(keys.user(partition_of(user, PARTITIONS), user), mapping={"i": b"", "r1": 1, "h1": 1})
    workers.start("projector")
    await until(lambda: nothing_left(log, keys.PROJECTOR))
    settings = {"SEALSTREAM_ENVELOPE_TTL_SECONDS": "5", "SEALSTREAM_RETENTION_INTERVAL_SECONDS": "0.2"}
    with Lock(database_url, "login_sessions") as lock:
        first = workers.start("retention", **settings)
        await until(lock.waited_for)
        first.kill()
    second = workers.start("retention", **settings).until_said("partition_taken")
    await until(lambda: nothing_left(log, keys.PROJECTOR))
    await asyncio.sleep(1)
    expiries = [
        event
        for partition in range(PARTITIONS)
        for _, fields in await log.xrange(keys.log(partition))
        if isinstance(event := codec.decode(fields[codec.EVENT_FIELD]), EnvelopesExpired)
    ]
    assert sorted((event.user, event.count) for event in expiries) == sorted((user, 1) for user in users)
    assert projected(database_url, users)["envelopes"] == []
    assert second.stop() == 0


async def test_a_rate_limiter_killed_after_an_eviction_leaves_nothing_pending(
    log, board, workers: Workers
) -> None:
    from schema.clock import now_ms

    user = uuid4()
    await online(board, user)
    first = workers.start("rate-limiter").until_said("partition_taken")
    await asyncio.sleep(1)
    async with writes_paused(board):
        async with log.pipeline(transaction=True) as both:
            for _ in range(30):
                refused = Refused(user=user, limit="messages", at=now_ms())
                both.xadd(keys.LIMITS_LOG, {codec.EVENT_FIELD: codec.encode(refused)})
            await both.execute()
        await until(lambda: pending(log, keys.RATE_LIMITER, keys.LIMITS_LOG))
        await log.execute_command("CLIENT PAUSE", PAUSE_MS, "WRITE")
    await until(lambda: board.exists(keys.cooldown(user)))
    await until(lambda: board.xlen(keys.inbox("n1")))
    first.kill()
    await asyncio.sleep(0.2)
    await log.execute_command("CLIENT UNPAUSE")
    assert await pending(log, keys.RATE_LIMITER, keys.LIMITS_LOG) == 30
    workers.start("rate-limiter")
    await until(lambda: nothing_left(log, keys.RATE_LIMITER, keys.LIMITS_LOG))


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
