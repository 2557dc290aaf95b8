"""Partitions are shared out: each has one worker, and finds another when that one goes."""

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema import keys
from tests.servers import Servers
from tests.workers.running import until
from workers.lease import Lease
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
    assert await board.keys("lease:*") == []
    assert await board.zcard(keys.members(GROUP)) == 0


async def test_the_share_of_a_worker_that_died_goes_to_the_others_after_the_lease(board) -> None:
    """Death: neither leases nor membership are given back."""
    team = Team(board)
    for partition in range(COUNT):
        assert await Lease.take(board, GROUP, partition, 1.0)
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


async def test_a_lease_is_one_workers_until_it_is_given_back_or_runs_out(board) -> None:
    first = await Lease.take(board, GROUP, 0, 0.4)
    assert first is not None
    assert await Lease.take(board, GROUP, 0, 0.4) is None
    await asyncio.sleep(0.25)
    assert await first.renew()
    await asyncio.sleep(0.25)
    assert await Lease.take(board, GROUP, 0, 0.4) is None
    await asyncio.sleep(0.3)
    second = await Lease.take(board, GROUP, 0, 0.4)
    assert second is not None
    assert not await first.renew()
    await first.give_back()  # too late: it must not take the other's
    assert await second.renew()
    await second.give_back()
    assert await Lease.take(board, GROUP, 0, 0.4) is not None


@pytest.mark.parametrize("clean", [True, False])
async def test_giving_back_a_lease_never_fails(board, servers: Servers, clean: bool) -> None:
    lease = await Lease.take(board, GROUP, 0, 0.4)
    assert lease is not None
    if clean:
        await board.delete(keys.lease(GROUP, 0))
    else:
        servers.kill("board")
    await lease.give_back()
