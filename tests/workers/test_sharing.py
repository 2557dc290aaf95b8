"""Partitions are shared out: each has one worker, and finds another when that one goes."""

import asyncio
from collections.abc import Iterable
from contextlib import asynccontextmanager
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schema import functions, keys
from tests.servers import Servers
from tests.workers.running import until
from workers.sharing import Sharing, share

GROUP = "tests"
COUNT = 5


@given(st.integers(1, 64), st.lists(st.text(min_size=1), min_size=1, max_size=9, unique=True))
def test_the_living_workers_cover_every_partition_exactly_once(partitions: int, members: list[str]) -> None:
    shares = [share(partitions, members, member) for member in members]
    assert sorted(partition for part in shares for partition in part) == list(range(partitions))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_who_is_not_among_the_members_has_no_share() -> None:
    assert share(8, ["a", "b"], "c") == set()


class Team:
    """Workers in this process; `at[partition]` is who works on it right now."""

    def __init__(self, board: Any) -> None:
        self._board = board
        self.at: dict[int, list[str]] = {partition: [] for partition in range(COUNT)}
        self.most = 0
        self.ends: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def working(self, name: str, **options: Any):
        ending = self.ends[name] = asyncio.Event()

        async def work(partition: int, stopping: asyncio.Event) -> None:
            self.at[partition].append(name)
            self.most = max(self.most, len(self.at[partition]))
            await stopping.wait()
            self.at[partition].remove(name)

        sharing = Sharing(
            self._board, GROUP, COUNT, name, options.pop("work", work),
            **{"lease_seconds": 1.0, "tick_seconds": 0.05, **options},
        )  # fmt: skip
        task = asyncio.create_task(sharing.run(ending))
        try:
            yield task
        finally:
            ending.set()
            await asyncio.wait({task}, timeout=10)

    def shares(self) -> dict[str, int]:
        count: dict[str, int] = {}
        for names in self.at.values():
            for name in names:
                count[name] = count.get(name, 0) + 1
        return count


async def test_partitions_are_rebalanced_as_workers_come_and_go(board) -> None:
    team = Team(board)

    async def shares_are(expected: dict[str, int]) -> bool:
        return team.shares() == expected

    async with team.working("a"):
        await until(lambda: shares_are({"a": 5}))
        async with team.working("b"):
            await until(lambda: shares_are({"a": 3, "b": 2}))
        await until(lambda: shares_are({"a": 5}))
    assert team.shares() == {}
    assert team.most == 1  # never two at once
    assert await board.exists(keys.leases(GROUP)) == 0
    assert await board.zcard(keys.members(GROUP)) == 0


async def test_the_share_of_a_worker_that_died_goes_to_the_others_after_the_lease(board) -> None:
    """Death: neither leases nor membership are given back."""
    team = Team(board)
    await functions.install(board, "workers")
    assert await hold(board, "dead", range(COUNT)) == (["dead"], [0, 1, 2, 3, 4])
    async with team.working("b"):
        await asyncio.sleep(0.3)
        assert team.shares() == {}

        async def all_b() -> bool:
            return team.shares() == {"b": 5}

        await until(all_b, within=5)


async def test_a_board_that_comes_back_empty_gives_everyone_their_share_again(
    board, servers: Servers
) -> None:
    team = Team(board)

    async def shares_are(expected: dict[str, int]) -> bool:
        return team.shares() == expected

    async with team.working("a"), team.working("b"):
        await until(lambda: shares_are({"a": 3, "b": 2}))
        servers.kill("board")
        await until(lambda: shares_are({}), within=10)  # nobody may count on a lease that cannot be renewed
        servers.revive()
        await until(lambda: shares_are({"a": 3, "b": 2}), within=10)


async def test_work_that_needs_no_board_goes_on_while_it_is_away(board, servers: Servers) -> None:
    team = Team(board)

    async def shares_are(expected: dict[str, int]) -> bool:
        return team.shares() == expected

    async with team.working("a", goes_on_alone=True), team.working("b"):
        await until(lambda: shares_are({"a": 3, "b": 2}))
        begun = {partition: list(names) for partition, names in team.at.items()}
        servers.kill("board")
        await until(lambda: shares_are({"a": 3}), within=10)
        assert {partition: names for partition, names in team.at.items() if names} == {
            partition: names for partition, names in begun.items() if names == ["a"]
        }
        servers.revive()
        await until(lambda: shares_are({"a": 3, "b": 2}), within=10)


async def test_work_that_ends_or_fails_is_begun_anew(board) -> None:
    team = Team(board)
    begun: list[int] = []

    async def work(partition: int, stopping: asyncio.Event) -> None:
        begun.append(partition)
        if partition == 0:
            raise KeyError("a bug")
        if partition != 1:
            await stopping.wait()

    async def again() -> bool:
        return begun.count(0) > 2 and begun.count(1) > 2

    async with team.working("a", work=work):
        await until(again)
    assert begun.count(2) == begun.count(3) == 1


async def test_a_lease_is_one_workers_until_it_is_given_back_or_its_holder_is_silent(board) -> None:
    await functions.install(board, "workers")
    both = ["first", "second"]
    assert await hold(board, "first", [0, 1]) == (["first"], [0, 1])
    assert await hold(board, "second", [0, 1, 2]) == (both, [2])
    assert await hold(board, "first", [0, 2]) == (both, [0]), "it gives 1 back"
    assert await hold(board, "second", [0, 1, 2]) == (both, [1, 2])
    await board.zadd(keys.members(GROUP), {"first": 1})
    assert await hold(board, "second", [0, 1, 2]) == (["second"], [0, 1, 2])
    assert await hold(board, "first", [0]) == (both, []), "it comes too late"
    assert await hold(board, "second", [0, 1, 2]) == (both, [0, 1, 2])


async def test_a_worker_that_was_silent_keeps_what_nobody_took(board) -> None:
    await functions.install(board, "workers")
    assert await hold(board, "one", [0]) == (["one"], [0])
    await board.zadd(keys.members(GROUP), {"one": 1})
    assert await hold(board, "one", [0]) == (["one"], [0])


async def test_a_tick_is_one_call_however_many_partitions_there_are(board) -> None:
    team = Team(board)

    async def calls() -> dict[str, int]:
        found = await board.info("commandstats")
        return {name.removeprefix("cmdstat_"): row["calls"] for name, row in found.items()}

    async def ticks() -> int:
        return (await calls()).get("zadd", 0)

    async with team.working("a"):
        await until(lambda: _has(team, COUNT))
        before = await calls()

        async def ten_more() -> bool:
            return await ticks() >= before["zadd"] + 10

        await until(ten_more)
        after = await calls()
    made = after["zadd"] - before["zadd"]
    for name in ("fcall", "time", "zremrangebyscore", "zrange", "hgetall"):
        assert after[name] - before[name] == made
    assert {name for name in after if after[name] - before.get(name, 0) >= made} <= {
        "fcall", "time", "zadd", "zremrangebyscore", "zrange", "hgetall", "info",
    }  # fmt: skip


async def _has(team: Team, count: int) -> bool:
    return team.shares() == {"a": count}


async def hold(board: Any, worker: str, partitions: Iterable[int]) -> tuple[list[str], list[int]]:
    """Living workers, and the partitions that the worker holds of those that it wants."""
    names, arguments = [keys.members(GROUP), keys.leases(GROUP)], [worker, 1000, *partitions]
    members, held = await functions.call(board, "workers", "hold", names, arguments)
    return [member.decode() for member in members], [int(partition) for partition in held]


async def test_a_worker_leaves_also_when_the_board_is_away(board, servers: Servers) -> None:
    team = Team(board)
    async with team.working("a", goes_on_alone=True) as task:
        await until(lambda: _has(team, COUNT))
        servers.kill("board")
        team.ends["a"].set()
        await task
    assert team.shares() == {}
