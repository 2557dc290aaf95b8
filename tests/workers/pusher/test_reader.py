"""The pusher's reader: every partition's entries reach the inboxes in order, and the groups follow."""

import asyncio
from typing import Any

import pytest
from redis.exceptions import ResponseError

from schema import codec, functions, keys
from tests.support.processes import Process
from tests.workers.dying import DIED
from tests.workers.moments import nothing_left, say
from tests.workers.pusher.reading import following, follows, of_one, pushed, to
from tests.workers.running import PARTITIONS, until
from workers.deliveries import ALONE, TOGETHER
from workers.pusher import following as following_module
from workers.pusher import reader as reading
from workers.pusher.following import Followed
from workers.sources import log_source
from workers.takeover import group_info

pytestmark = pytest.mark.usefixtures("quick_moves")


async def group(log: Any, partition: int) -> dict[str, Any]:
    rows = await log.xinfo_groups(keys.log(partition))
    found: dict[str, Any] = next(row for row in rows if row["name"] == keys.PUSHER.encode())
    return found


async def test_all_partitions_are_routed_in_order_and_the_groups_say_so(log, board, log_url, users) -> None:
    await say(log, *(said for user in users for said in of_one(user, 1, 2)))
    async with following(log, log_url, to(board)):
        await until(lambda: nothing_left(log, keys.PUSHER))
        await say(log, *(said for user in users for said in of_one(user, 3, 4, 5)))
        await until(lambda: nothing_left(log, keys.PUSHER))
    for user in users:
        assert await pushed(board, user) == [1, 2, 3, 4, 5]
    for partition in range(PARTITIONS):
        row = await group(log, partition)
        assert (row["entries-read"], row["pending"], row["consumers"]) == (5, 0, 0)


async def test_a_partition_that_is_given_back_leaves_its_group_at_the_last_entry_routed(
    log, board, log_url, users, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOVE_SECONDS", 1000.0)
    async with following(log, log_url, to(board)) as give_back:
        await say(log, *of_one(users[0], 1), *of_one(users[1], 1))
        await until(lambda: pushed(board, users[0]))
        await give_back[0]()
        assert await nothing_left(log, keys.PUSHER, keys.log(0))
        await say(log, *of_one(users[0], 2), *of_one(users[1], 2))

        async def two_came() -> bool:
            return await pushed(board, users[1]) == [1, 2]

        await until(two_came)
    assert await pushed(board, users[0]) == [1], "it is another worker's"
    assert (await group(log, 0))["lag"] == 1


async def test_entries_that_an_earlier_version_left_pending_are_routed_again_and_pending_no_more(
    log, board, log_url, users
) -> None:
    await log.xgroup_create(keys.log(0), keys.PUSHER, id="0", mkstream=True)
    await say(log, *of_one(users[0], 1, 2, 3, 4))
    ((_, rows),) = await log.xreadgroup(keys.PUSHER, "old", {keys.log(0): ">"}, count=3)
    await log.xack(keys.log(0), keys.PUSHER, rows[0][0])
    async with following(log, log_url, to(board)):
        await until(lambda: nothing_left(log, keys.PUSHER, keys.log(0)))
    assert await pushed(board, users[0]) == [2, 3, 4]
    row = await group(log, 0)
    assert (row["pending"], row["consumers"]) == (0, 0)


async def test_a_partition_is_taken_over_while_the_owner_before_acknowledges_its_last_entries(
    log, users, monkeypatch: pytest.MonkeyPatch
) -> None:
    await say(log, *of_one(users[0], 1))
    source = log_source(keys.PUSHER, 0)
    await log.xgroup_create(source.stream, keys.PUSHER, id="0")
    ((_, ((position, _),)),) = await log.xreadgroup(keys.PUSHER, "before", {source.stream: ">"})

    async def then_acknowledged(client: Any, read: Any) -> dict[str, Any]:
        found = await group_info(client, read)
        await log.xack(source.stream, keys.PUSHER, position)
        return found

    monkeypatch.setattr(following_module, "group_info", then_acknowledged)
    assert (await Followed.take_over(log, source)).at == position


async def test_a_group_that_was_destroyed_is_made_again(log, board, log_url, users) -> None:
    async with following(log, log_url, to(board)):
        await say(log, *of_one(users[0], 1))
        await until(lambda: nothing_left(log, keys.PUSHER, keys.log(0)))
        await log.xgroup_destroy(keys.log(0), keys.PUSHER)
        await say(log, *of_one(users[0], 2))
        await until(lambda: nothing_left(log, keys.PUSHER, keys.log(0)))
    assert set(await pushed(board, users[0])) == {1, 2}


async def test_entries_wait_while_the_board_is_away(log, board, log_url, users) -> None:
    tries = []

    async def flaky(*what: Any) -> Any:
        tries.append(what)
        if len(tries) < 3:
            raise ConnectionError
        return await functions.call(board, "workers", *what)

    async with following(log, log_url, flaky):
        await say(log, *of_one(users[0], 1, 2))
        await until(lambda: nothing_left(log, keys.PUSHER, keys.log(0)))
    assert await pushed(board, users[0]) == [1, 2]


async def test_what_cannot_be_read_or_routed_is_set_aside_and_the_rest_goes_on(
    log, board, log_url, users
) -> None:
    async def stumbling(name: str, names: list[str], args: list[Any]) -> Any:
        if b"p:3" in args:
            raise ResponseError("user_function:12: attempt to index a nil value")
        return await functions.call(board, "workers", name, names, args)

    await log.xadd(keys.log(0), {"e": b"no event"})
    await say(log, *of_one(users[0], 1, 2, 3, 4))
    async with following(log, log_url, stumbling):
        await until(lambda: nothing_left(log, keys.PUSHER, keys.log(0)))
    assert await pushed(board, users[0]) == [1, 2, 4]
    rows = [row for _, row in await log.xrange(keys.quarantine(0))]
    assert sorted(row[b"kind"] for row in rows) == [b"failing", b"undecodable"]
    assert {row[b"group"] for row in rows} == {b"pusher"}


async def test_an_entry_that_workers_died_of_is_found_one_by_one(log, board, log_url, users) -> None:
    await say(log, *of_one(users[0], 1, 2, 3))
    before, deadly = (position for position, _ in (await log.xrange(keys.log(0)))[:2])
    await log.xgroup_create(keys.log(0), keys.PUSHER, id=before)
    await log.xclaim(keys.log(0), keys.PUSHER, "dead", 0, [deadly], retrycount=TOGETHER + ALONE, force=True)

    async def is_over() -> bool:
        # The lag of a group that was made in the middle is unknown, which counts as none.
        return await pushed(board, users[0]) == [3] and await nothing_left(log, keys.PUSHER, keys.log(0))

    async with following(log, log_url, to(board)):
        await until(is_over)
    assert await pushed(board, users[0]) == [3]
    ((_, row),) = await log.xrange(keys.quarantine(0))
    assert (row[b"position"], row[b"kind"]) == (deadly, b"deadly")


async def test_an_entry_that_ends_pushers_is_found_and_set_aside(log, board, log_url, users) -> None:
    await say(log, *of_one(users[0], *range(1, 10)))
    statuses = []
    for number in range(10):
        process = Process("dying_pusher", log_url, f"worker-{number}", "6")
        statuses.append(await asyncio.to_thread(process.wait, 60))
        if statuses[-1] != DIED:
            break
    # One had all of them, three handled it alone.
    assert statuses == [DIED] * (1 + ALONE) + [0]
    assert [int(seq) for seq in await log.lrange("handled", 0, -1)] == [1, 2, 3, 4, 5, 7, 8, 9]
    ((_, row),) = await log.xrange(keys.quarantine(0))
    assert (codec.decode_entry(row)[1], row[b"kind"]) == (6, b"deadly")
    group_now = await group(log, 0)
    assert (group_now["pending"], group_now["consumers"]) == (0, 0)


async def test_an_entry_that_ends_a_pusher_in_its_stride_is_found_too(log, board, log_url, users) -> None:
    """It reads that one without a pending list; the next owner begins before it."""
    statuses = []
    for number in range(10):
        process = Process("dying_pusher", log_url, f"worker-{number}", "3")
        if number == 0:
            await until(lambda: follows(log))
            await say(log, *of_one(users[0], 1, 2, 3, 4))
        statuses.append(await asyncio.to_thread(process.wait, 60))
        if statuses[-1] != DIED:
            break
    assert set(statuses[:-1]) == {DIED}
    assert 1 + ALONE <= len(statuses) - 1 <= 2 + ALONE, "it may have read it with others, or alone"
    handled = [int(seq) for seq in await log.lrange("handled", 0, -1)]
    assert [*dict.fromkeys(handled)] == [1, 2, 4], "a hint may come twice"


async def test_a_group_is_never_moved_back_and_its_lag_stays_known(log, users) -> None:
    await log.xgroup_create(keys.log(0), keys.PUSHER, id="0", mkstream=True)
    await say(log, *of_one(users[0], 1, 2, 3, 4))
    first, second, third, fourth = [position for position, _ in await log.xrange(keys.log(0))]

    async def move(since: bytes, count: int, upto: bytes) -> Any:
        arguments = [keys.PUSHER, since, count, upto]
        return await functions.call(log, "workers", "move_group", [keys.log(0)], arguments)

    assert await move(b"0-0", 2, second) == 2
    assert await move(b"0-0", 1, first) == 2, "a former owner's"
    assert await move(second, 1, third) == 1
    assert await move(first, 3, fourth) == 0, "the end is known without counting"
    await log.xgroup_destroy(keys.log(0), keys.PUSHER)
    assert await move(first, 3, fourth) is None
    assert await log.delete(keys.log(0))
    assert await move(first, 3, fourth) is None
