"""Nodes that are silent for too long: they count no more at once, and are reaped step by step; what they were
is told to them by a life of another name, however many answers are lost."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from relay.delivery.presence import Presence
from schema import inbox, keys
from schema.link import Link
from schema.refusals import Refusal
from tests.support.presence_board import PresenceBoard
from tests.support.proxy import Proxy
from tests.support.until import until

SOCKETS = 3000


@pytest.fixture
async def board(board_url: str) -> AsyncIterator[PresenceBoard]:
    async with PresenceBoard.at(board_url) as made:
        yield made


async def silent(board: PresenceBoard, node: str) -> None:
    """As after many seconds without a heartbeat."""
    await board.client.zadd(keys.NODES, {node: 1})


async def off(board: PresenceBoard, node: str) -> list[tuple[UUID, UUID]]:
    """Who was told that who is offline."""
    items = await board.told(node)
    return [(i.watcher, i.subject) for i in items if isinstance(i, inbox.PresenceChanged) and not i.online]


async def test_a_silent_node_is_reaped_and_its_users_are_offline(
    board: PresenceBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.delivery.presence.DEAD_AFTER_MS", 200)
    dead, alive = await board.node("dead"), await board.node("alive")
    anna, bela = uuid4(), uuid4()
    await dead.register(anna, 1, "a1")
    await alive.register(bela, 1, "b1")
    await dead.watch(anna, 1, "a1", [bela])
    await alive.watch(bela, 1, "b1", [anna])
    await until(lambda: _gone(board, alive))
    assert await off(board, "alive") == [(bela, anna)]
    assert [key async for key in board.client.scan_iter("*dead*")] == []
    assert await board.client.exists(keys.presence(anna)) == 0


async def _gone(board: PresenceBoard, alive: Presence) -> bool:
    await alive.heartbeat()
    return await board.client.zscore(keys.NODES, "dead") is None


async def test_the_users_of_a_large_dead_node_are_offline_at_once_and_their_watchers_are_told_step_by_step(
    board: PresenceBoard,
) -> None:
    dead, alive = await board.node("dead"), await board.node("alive")
    bela, people = uuid4(), [uuid4() for _ in range(SOCKETS)]
    await alive.register(bela, 1, "b1")
    for start in range(0, SOCKETS, 100):
        await asyncio.gather(*(dead.register(user, 1, f"s{user}") for user in people[start : start + 100]))
    watched = people[:1000]
    await alive.watch(bela, 1, "b1", watched)
    await asyncio.gather(*(dead.watch(user, 1, f"s{user}", [bela]) for user in watched))
    assert len(await alive.watch(bela, 1, "b1", watched)) == len(watched)
    await silent(board, "dead")

    assert (await alive.heartbeat()).reaping
    assert await alive.watch(bela, 1, "b1", watched) == []
    left = [await board.client.scard(keys.node_sockets("dead"))]
    while (await alive.heartbeat()).reaping:
        left.append(await board.client.scard(keys.node_sockets("dead")))
    assert left == [2500, 2000, 1500, 1000, 500], "the board serves others in between"
    assert sorted(await off(board, "alive")) == sorted((bela, user) for user in watched)
    found = [key async for key in board.client.scan_iter("{board}:presence:*", count=1000)]
    assert found == [keys.presence(bela).encode()]
    assert [key async for key in board.client.scan_iter("*dead*", count=1000)] == []


async def test_long_lists_make_the_steps_smaller(
    board: PresenceBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.delivery.presence.REAPED_AT_ONCE", 6)
    dead, alive = await board.node("dead"), await board.node("alive")
    for number in range(5):
        user = uuid4()
        await dead.register(user, 1, f"s{number}")
        await dead.watch(user, 1, f"s{number}", [uuid4() for _ in range(40)])
    await silent(board, "dead")
    left = []
    while (await alive.heartbeat()).reaping:
        left.append(await board.client.scard(keys.node_sockets("dead")))
    assert left == [3, 1]


async def test_a_node_taken_for_dead_gets_another_life_once_it_is_reaped(
    board: PresenceBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.delivery.presence.REAPED_AT_ONCE", 1)
    slow, alive = await board.node("slow"), await board.node("alive")
    before = (await slow.heartbeat()).life
    assert before == (await slow.heartbeat()).life != ""
    for number in range(3):
        await slow.register(uuid4(), 1, f"s{number}")
    await silent(board, "slow")
    await alive.heartbeat()
    assert await board.client.scard(keys.node_sockets("slow")) == 2, "one at a time"
    assert await slow.heartbeat() == ("", True)
    assert await board.client.zscore(keys.NODES, "slow") is None
    life, reaping = await slow.heartbeat()
    assert life not in ("", before)
    assert not reaping
    assert await slow.heartbeat() == (life, False)
    assert await board.client.exists(keys.node_sockets("slow")) == 0


async def test_a_node_that_is_late_but_was_not_taken_for_dead_lives_on(board: PresenceBoard) -> None:
    node = await board.node("one")
    life = (await node.heartbeat()).life
    await silent(board, "one")
    assert await node.heartbeat() == (life, False)


async def test_a_board_that_came_back_empty_gives_another_life(board: PresenceBoard) -> None:
    node = await board.node("one")
    life = (await node.heartbeat()).life
    await board.client.flushall()
    assert (await node.heartbeat()).life != life


async def test_a_lost_answer_hides_no_life(board: PresenceBoard, board_url: str) -> None:
    alive = await board.node("alive")
    async with Proxy.before(board_url) as proxy:
        link = Link(proxy.url, name="board", stall_seconds=0.3)
        await link.start()
        node = Presence(link, "cut off", None)
        before = (await node.heartbeat()).life
        await silent(board, "cut off")
        await alive.heartbeat()
        proxy.half_open()
        with pytest.raises(Refusal):
            await node.heartbeat()
        assert await board.client.zscore(keys.NODES, "cut off") is not None, "it arrived"
        proxy.mend()
        await link.connected.wait()
        assert (await node.heartbeat()).life not in ("", before)
        await link.close()


async def test_who_could_not_be_taken_off_the_board_is_taken_off_later(
    board: PresenceBoard, board_url: str
) -> None:
    anna, bela = uuid4(), uuid4()
    async with Proxy.before(board_url) as proxy:
        link = Link(proxy.url, name="board", stall_seconds=0.3)
        await link.start()
        node = Presence(link, "one", None)
        await node.heartbeat()
        await node.register(anna, 1, "a1")
        proxy.half_open()
        with pytest.raises(Refusal):
            await node.register(bela, 1, "b1")
        assert await board.client.hgetall(keys.presence(bela)) == {b"1": b"one b1"}, "it arrived"
        proxy.away = True
        proxy.cut()
        with pytest.raises(Refusal):
            await node.unregister(anna, 1, "a1")
        with pytest.raises(Refusal):
            await node.unregister_again()
        assert await board.client.hgetall(keys.presence(anna)) == {b"1": b"one a1"}
        proxy.mend()
        await link.connected.wait()
        await node.register(anna, 2, "a2")
        await node.unregister_again()
        await link.close()
    assert await board.client.hgetall(keys.presence(anna)) == {b"2": b"one a2"}
    assert await board.client.exists(keys.presence(bela)) == 0
