"""Who keeps hitting a limit is kept out for a while and loses the sockets; who does not is left alone."""

from typing import Any
from uuid import UUID, uuid4

from schema import codec, inbox, keys
from schema.events import Refused
from tests.workers.running import Workers, until
from workers.batches import Batch, Entry
from workers.positions import Position
from workers.rate_limiter.evictions import Evictions

NOW = 1_000_000


def refusals(user: UUID, count: int, at: int = NOW) -> list[Refused]:
    return [Refused(user=user, limit="messages", at=at) for _ in range(count)]


async def count(evictions: Evictions, *events: Refused) -> None:
    entries = [Entry(Position(1, number), event, 0, {}) for number, event in enumerate(events)]
    await evictions.handle(Batch(entries, Position(1, len(entries))))


def evictions(board: Any, log: Any, now: int = NOW) -> Evictions:
    return Evictions(board, log, refusals=5, within_ms=1000, cooldown_ms=60_000, now=lambda: now)


async def connect(board: Any, node: str, user: UUID, device: int, *, alive: bool = True) -> None:
    if alive:
        await board.zadd(keys.NODES, {node: 1})
    await board.hset(keys.presence(user), device, f"{node} socket-{device}")


async def told(board: Any, node: str) -> list[inbox.Item]:
    return [
        item
        for _, fields in await board.xrange(keys.inbox(node))
        for item in inbox.read(list(fields.items()))[0]
    ]


async def test_too_many_refusals_end_every_socket_of_the_user_and_keep_the_user_out(log, board) -> None:
    user, other = uuid4(), uuid4()
    await connect(board, "n1", user, 1)
    await connect(board, "n1", user, 2)
    await connect(board, "n2", user, 3)
    await connect(board, "dead", user, 4, alive=False)
    await connect(board, "n2", other, 1)
    await count(evictions(board, log), *refusals(user, 5), *refusals(other, 4))
    end = inbox.End(user, None, None, "rate_limited")
    assert await told(board, "n1") == [end]
    assert await told(board, "n2") == [end]
    assert await board.exists(keys.inbox("dead")) == 0
    assert 50_000 < await board.pttl(keys.cooldown(user)) <= 60_000
    assert await board.exists(keys.cooldown(other)) == 0


async def test_refusals_add_up_over_batches_and_only_within_the_window(log, board) -> None:
    user, slow = uuid4(), uuid4()
    counting = evictions(board, log)
    await count(counting, *refusals(user, 3), *refusals(slow, 4, NOW - 999))
    assert await board.exists(keys.cooldown(user)) == 0
    await count(counting, *refusals(user, 2))
    assert await board.exists(keys.cooldown(user)) == 1
    later = evictions(board, log, NOW + 500)
    await count(later, *refusals(slow, 4, NOW - 501), *refusals(slow, 1, NOW + 500))
    assert await board.exists(keys.cooldown(slow)) == 0


async def test_who_was_cooled_down_is_counted_anew(log, board) -> None:
    user = uuid4()
    counting = evictions(board, log)
    await count(counting, *refusals(user, 5))
    await board.delete(keys.cooldown(user))
    await count(counting, *refusals(user, 4))
    assert await board.exists(keys.cooldown(user)) == 0
    await count(counting, *refusals(user, 1))
    assert await board.exists(keys.cooldown(user)) == 1


async def test_a_user_without_sockets_is_kept_out_all_the_same(log, board) -> None:
    user = uuid4()
    await count(evictions(board, log), *refusals(user, 5))
    assert await board.keys("*") == [keys.cooldown(user).encode()]


async def test_after_a_take_over_the_counts_begin_anew(log, board) -> None:
    user = uuid4()
    counting = evictions(board, log)
    await count(counting, *refusals(user, 4))
    await counting.resume()
    await count(counting, *refusals(user, 4))
    assert await board.exists(keys.cooldown(user)) == 0


async def test_the_stream_of_refusals_stays_short(log, board) -> None:
    async with log.pipeline(transaction=False) as pipeline:
        for _ in range(12_000):
            pipeline.xadd(keys.LIMITS_LOG, {"e": "x"})
        await pipeline.execute()
    await count(evictions(board, log), *refusals(uuid4(), 1))
    assert 10_000 <= await log.xlen(keys.LIMITS_LOG) < 10_300


async def test_the_worker_evicts_and_quarantines_what_it_cannot_read(log, board, workers: Workers) -> None:
    from schema.clock import now_ms

    user = uuid4()
    await connect(board, "n1", user, 1)
    worker = workers.start("rate-limiter")
    await until(lambda: board.exists(keys.POLICY))
    bad = await log.xadd(keys.LIMITS_LOG, {"e": b"\xc1"})
    for event in refusals(user, 30, now_ms()):
        await log.xadd(keys.LIMITS_LOG, {codec.EVENT_FIELD: codec.encode(event)})
    await until(lambda: board.exists(keys.cooldown(user)))
    await until(lambda: board.xlen(keys.inbox("n1")))
    assert await told(board, "n1") == [inbox.End(user, None, None, "rate_limited")]
    ((_, row),) = await log.xrange(keys.LIMITS_QUARANTINE)
    assert row[b"position"] == bad
    assert worker.stop() == 0
    assert str(user) not in "".join(worker.text)
