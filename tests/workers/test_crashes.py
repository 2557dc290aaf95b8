"""Pusher, retention and rate-limiter, killed at exact moments: the work is taken over, once."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from schema import codec, keys
from schema.clock import now_ms
from schema.events import EnvelopesExpired, Refused
from schema.partitions import partition_of
from tests.support.proxy import Proxy
from tests.workers.moments import (
    PAUSE_MS,
    Lock,
    follows,
    is_busy,
    no_worker,
    nothing_left,
    pending,
    reads,
    rounds,
    say,
    users_of_every_partition,
    writes_paused,
)
from tests.workers.oracle import projected
from tests.workers.running import PARTITIONS, Workers, until
from tests.workers.stories import accepted, identity

pytestmark = pytest.mark.slow


async def test_a_pusher_killed_mid_batch_is_followed_by_one_that_pushes(log, board, workers: Workers) -> None:
    (user, *_) = users_of_every_partition()
    await online(board, user)
    first = workers.start("pusher")
    await until(lambda: follows(log))
    async with writes_paused(board):
        await say(log, *(accepted(user, 1, seq) for seq in range(1, 6)))
        await until(lambda: is_busy(log))
        first.kill()
        await until(lambda: no_worker(board))
    assert await board.xlen(keys.inbox("n1")) == 0
    workers.start("pusher")
    await until(lambda: nothing_left(log, keys.PUSHER))
    assert await pushed(board) == [1, 2, 3, 4, 5]


async def test_a_pusher_killed_before_it_moved_its_group_only_doubles_pushes(
    log, board, workers: Workers
) -> None:
    (user, *_) = users_of_every_partition()
    await online(board, user)
    first = workers.start("pusher")
    await until(lambda: follows(log))
    async with writes_paused(board):
        await say(log, accepted(user, 1, 1), accepted(user, 1, 2))
        await until(lambda: is_busy(log))
        await log.execute_command("CLIENT PAUSE", PAUSE_MS, "WRITE")
    await until(lambda: board.xlen(keys.inbox("n1")))
    first.kill()
    await until(lambda: no_worker(log))
    await log.execute_command("CLIENT UNPAUSE")
    before = await pushed(board)
    assert not await nothing_left(log, keys.PUSHER)
    workers.start("pusher")
    await until(lambda: nothing_left(log, keys.PUSHER))
    after = await pushed(board)
    assert after[: len(before)] == before
    assert sorted(set(after)) == [1, 2]
    assert len(after) > 2


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
    story = [*(identity(user) for user in users), *(accepted(user, 1, 1, at=1) for user in users)]
    await say(log, *story, at_ms=1)
    for user in users:
        await log.hset(keys.user(partition_of(user, PARTITIONS), user), mapping={"i": b"", "r1": 1, "h1": 1})
    workers.start("projector")
    await until(lambda: nothing_left(log, keys.PROJECTOR))
    settings = {"SEALSTREAM_RETENTION_INTERVAL_SECONDS": "0.2"}
    with Lock(database_url, "login_sessions") as lock:
        first = workers.start("retention", **settings)
        await until(lock.waited_for)
        first.kill()
    second = workers.start("retention", **settings).until_said("partition_taken")
    await two_more_rounds(log)
    await until(lambda: nothing_left(log, keys.PROJECTOR))
    assert await expiries(log) == sorted((user, 1, 1) for user in users)
    assert projected(database_url, users)["envelopes"] == []
    assert second.stop() == 0


async def test_retention_killed_mid_expire_is_followed_by_one_that_expires_the_rest_once(
    log, log_url, database_url, workers: Workers
) -> None:
    """It dies after the log has taken an expiry and before it hears so, with other mailboxes yet to come."""
    users = [user for _ in range(6) for user in users_of_every_partition()]
    story = [accepted(user, 1, seq, at=1) for user in users for seq in (1, 2)]
    await say(log, *(identity(user) for user in users), *story, at_ms=1)
    for user in users:
        await log.hset(keys.user(partition_of(user, PARTITIONS), user), mapping={"i": b"", "r1": 1, "h1": 2})
    workers.start("projector")
    await until(lambda: nothing_left(log, keys.PROJECTOR))
    settings = {"SEALSTREAM_RETENTION_INTERVAL_SECONDS": "0.2"}
    async with Proxy.before(log_url) as proxy:
        proxy.delay = 0.05
        first = workers.start("retention", SEALSTREAM_LOG_URL=proxy.url, **settings)
        await until(lambda: expiries(log))
        proxy.half_open()
        first.kill()
    before = await expiries(log)
    assert 0 < len(before) < len(users)
    second = workers.start("retention", **settings)
    await until(lambda: all_expired(log, len(users)))
    await two_more_rounds(log)
    after = await expiries(log)
    assert after == sorted((user, 2, 2) for user in users), "what was accepted has expired, and once"
    assert set(before) <= set(after)
    await until(lambda: nothing_left(log, keys.PROJECTOR))
    tables = projected(database_url, users)
    assert tables["envelopes"] == []
    assert sorted(tables["mailboxes"]) == sorted((user, 1, 2, 0, 2) for user in users)
    for user in users:
        numbers = await log.hmget(keys.user(partition_of(user, PARTITIONS), user), ["h1", "f1", "e1"])
        assert numbers == [b"2", b"2", b"2"]
    assert second.stop() == 0


async def expiries(log: Any) -> list[tuple[UUID, int, int]]:
    """What the log says has expired: whose, up to which number, how many."""
    found = [
        codec.decode_entry(fields)
        for partition in range(PARTITIONS)
        for _, fields in await log.xrange(keys.log(partition))
    ]
    return sorted(
        (event.user, seq, event.count) for event, seq in found if isinstance(event, EnvelopesExpired)
    )


async def two_more_rounds(log: Any) -> None:
    """Whatever a second expiry would come of has had its time."""
    before = await rounds(log)

    async def done() -> bool:
        return await rounds(log) >= before + 3  # the first of them may have begun already

    await until(done)


async def all_expired(log: Any, count: int) -> bool:
    return len(await expiries(log)) >= count


async def test_a_rate_limiter_killed_after_an_eviction_leaves_nothing_pending(
    log, board, workers: Workers
) -> None:
    user = uuid4()
    await online(board, user)
    first = workers.start("rate-limiter")
    await until(lambda: reads(log, 1))
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
    await until(lambda: no_worker(log))
    await log.execute_command("CLIENT UNPAUSE")
    assert await pending(log, keys.RATE_LIMITER, keys.LIMITS_LOG) == 30
    workers.start("rate-limiter")
    await until(lambda: nothing_left(log, keys.RATE_LIMITER, keys.LIMITS_LOG))


async def dies_mid_batch(log: Any, board: Any, proxy: Proxy, workers: Workers, users: list[UUID]) -> bool:
    """Whether a rate-limiter was caught between evicting the first user and hearing that it did; else it was
    asking the board for something else when that fell silent, and is gone, too."""
    proxy.mend()
    for user in users:
        await online(board, user)
    worker = workers.start("rate-limiter", SEALSTREAM_BOARD_URL=proxy.url)
    await until(lambda: reads(log, 1))
    proxy.half_open()
    async with log.pipeline(transaction=True) as both:
        for user in users * 30:
            refused = Refused(user=user, limit="messages", at=now_ms())
            both.xadd(keys.LIMITS_LOG, {codec.EVENT_FIELD: codec.encode(refused)})
        await both.execute()
    try:
        await until(lambda: board.exists(keys.cooldown(users[0])), within=5)
    except AssertionError:
        return False
    else:
        return True
    finally:
        worker.kill()
        proxy.cut()


async def test_a_rate_limiter_killed_mid_batch_is_followed_by_one_that_evicts_them_all(
    log, board, board_url, workers: Workers
) -> None:
    """It dies after the board has begun to keep the first user out, and before anything else."""
    users = [uuid4(), uuid4()]
    async with Proxy.before(board_url) as proxy:
        while not await dies_mid_batch(log, board, proxy, workers, users):
            await log.delete(keys.LIMITS_LOG)
            await board.flushdb()
    assert await board.exists(keys.cooldown(users[1]), keys.inbox("n1")) == 0
    assert await pending(log, keys.RATE_LIMITER, keys.LIMITS_LOG) == 60
    workers.start("rate-limiter")
    await until(lambda: nothing_left(log, keys.RATE_LIMITER, keys.LIMITS_LOG))
    assert await board.exists(*(keys.cooldown(user) for user in users)) == 2
    ended = [fields[b"end"].decode() for _, fields in await board.xrange(keys.inbox("n1"))]
    assert ended == [f"{user} * * rate_limited" for user in users]
