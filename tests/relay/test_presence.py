"""Presence on a real board: one socket per device, mutual watchers only, the dead are reaped."""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from relay.link import Link
from relay.presence import Presence
from schema import functions, inbox, keys
from schema.refusals import Refusal


class Board:
    """A board and the nodes on it."""

    def __init__(self, client: "Redis[bytes]", link: Link) -> None:
        self.client = client
        self.link = link

    async def node(self, name: str) -> Presence:
        presence = Presence(self.link, name, lambda: functions.install(self.client, "relay"))
        await presence.heartbeat()
        return presence

    async def told(self, node: str) -> list[inbox.Item]:
        rows = await self.client.xrange(keys.inbox(node))
        return [item for _, fields in rows for item in inbox.read(list(fields.items()))]


@pytest.fixture
async def board(board_url: str) -> AsyncIterator[Board]:
    client: Redis[bytes] = Redis.from_url(board_url)
    await client.flushall()
    link = Link(board_url, name="board")
    await link.start()
    yield Board(client, link)
    await link.close()
    await client.aclose()


async def befriend(node: Presence, anna: UUID, bela: UUID) -> None:
    """Of sockets "a1" and "b1" of their devices 1, on one node."""
    await node.watch(anna, 1, "a1", [bela])
    await node.watch(bela, 1, "b1", [anna])


async def test_the_newer_socket_wins_and_the_older_ones_node_is_told(board: Board) -> None:
    one, two = await board.node("one"), await board.node("two")
    anna = uuid4()
    await one.register(anna, 1, "old")
    await two.register(anna, 1, "new")
    assert await board.told("one") == [inbox.End(anna, 1, "old", "replaced")]
    await one.unregister(anna, 1, "old")
    assert await board.client.hgetall(keys.presence(anna)) == {b"1": b"two new"}


async def test_presence_is_told_only_between_users_who_watch_each_other(board: Board) -> None:
    node = await board.node("one")
    anna, bela = uuid4(), uuid4()
    await node.register(anna, 1, "a1")
    await node.register(bela, 1, "b1")
    assert await node.watch(anna, 1, "a1", [bela, bela, anna]) == []
    assert await board.told("one") == []
    assert await node.watch(bela, 1, "b1", [anna, anna]) == [anna]
    assert await board.told("one") == [inbox.PresenceChanged(anna, bela, True)]


async def test_the_last_device_that_leaves_takes_the_user_offline(board: Board) -> None:
    node = await board.node("one")
    anna, bela = uuid4(), uuid4()
    for user, device, socket in ((anna, 1, "a1"), (anna, 2, "a2"), (bela, 1, "b1")):
        await node.register(user, device, socket)
    await befriend(node, anna, bela)
    await node.watch(anna, 2, "a2", [bela])
    before = len(await board.told("one"))
    await node.unregister(anna, 1, "a1")
    assert len(await board.told("one")) == before
    await node.unregister(anna, 2, "a2")
    assert (await board.told("one"))[before:] == [inbox.PresenceChanged(bela, anna, False)]


async def test_who_stops_watching_is_offline_to_the_other(board: Board) -> None:
    node = await board.node("one")
    anna, bela = uuid4(), uuid4()
    await node.register(anna, 1, "a1")
    await node.register(bela, 1, "b1")
    await befriend(node, anna, bela)
    await node.watch(anna, 1, "a1", [])
    assert (await board.told("one"))[-1] == inbox.PresenceChanged(bela, anna, False)


async def test_two_devices_have_lists_of_their_own_and_the_user_watches_whom_either_watches(
    board: Board,
) -> None:
    one, two = await board.node("one"), await board.node("two")
    anna, bela, carl = uuid4(), uuid4(), uuid4()
    await one.register(anna, 1, "phone")
    await two.register(anna, 2, "laptop")
    for user, socket in ((bela, "b1"), (carl, "c1")):
        await one.register(user, 1, socket)
        await one.watch(user, 1, socket, [anna])
    assert await one.watch(anna, 1, "phone", [bela]) == [bela]
    assert await two.watch(anna, 2, "laptop", [carl, bela]) == [carl, bela]
    on = [inbox.PresenceChanged(friend, anna, True) for friend in (bela, carl)]
    assert await board.told("one") == on, "each once"
    await two.watch(anna, 2, "laptop", [bela])
    assert (await board.told("one"))[2:] == [inbox.PresenceChanged(carl, anna, False)]
    await one.unregister(anna, 1, "phone")
    assert (await board.told("one"))[3:] == [], "the laptop still watches"
    assert await board.client.hgetall(keys.watch(anna)) == {str(bela).encode(): b"1"}
    assert await board.client.exists(keys.watch_of(anna, 1)) == 0
    await two.unregister(anna, 2, "laptop")
    assert (await board.told("one"))[3:] == [inbox.PresenceChanged(bela, anna, False)]
    assert await board.client.exists(keys.watch(anna), keys.watch_of(anna, 2)) == 0


async def test_a_list_goes_with_the_socket_that_gave_it(board: Board) -> None:
    one, two = await board.node("one"), await board.node("two")
    anna, bela = uuid4(), uuid4()
    await one.register(anna, 1, "a1")
    await one.register(bela, 1, "b1")
    await befriend(one, anna, bela)
    await two.register(anna, 1, "newer")
    assert (await board.told("one"))[-1] == inbox.PresenceChanged(bela, anna, False)
    assert await board.client.exists(keys.watch(anna), keys.watch_of(anna, 1)) == 0
    assert await one.watch(anna, 1, "a1", [bela]) == [], "a call of the older one comes too late"
    assert await board.client.exists(keys.watch(anna)) == 0
    assert await two.watch(anna, 1, "newer", [bela]) == [bela]


async def test_a_silent_node_is_reaped_and_its_users_are_offline(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.presence.DEAD_AFTER_MS", 200)
    dead, alive = await board.node("dead"), await board.node("alive")
    anna, bela = uuid4(), uuid4()
    await dead.register(anna, 1, "a1")
    await alive.register(bela, 1, "b1")
    await dead.watch(anna, 1, "a1", [bela])
    await alive.watch(bela, 1, "b1", [anna])
    await eventually(lambda: _gone(board, alive))
    assert (await board.told("alive"))[-1] == inbox.PresenceChanged(bela, anna, False)
    assert await board.client.exists(keys.presence(anna), keys.inbox("dead"), keys.node_sockets("dead")) == 0
    assert await dead.heartbeat() is True, "a node taken for dead is told to register again"


async def _gone(board: Board, alive: Presence) -> bool:
    await alive.heartbeat()
    return await board.client.zscore(keys.NODES, "dead") is None


async def eventually(holds: Callable[[], object], seconds: float = 5.0) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not await holds():  # type: ignore[misc]
        assert asyncio.get_running_loop().time() < deadline, "it did not come true in time"
        await asyncio.sleep(0.05)


async def test_a_node_that_was_reaped_in_part_is_told_to_register_again(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.presence.DEAD_AFTER_MS", 200)
    monkeypatch.setattr("relay.presence.REAPED_AT_ONCE", 1)
    slow, alive = await board.node("slow"), await board.node("alive")
    for number in range(3):
        await slow.register(uuid4(), 1, f"s{number}")
    await asyncio.sleep(0.3)
    await alive.heartbeat()
    assert await board.client.scard(keys.node_sockets("slow")) == 2, "one at a time"
    assert await slow.heartbeat() is True


async def test_a_node_that_wakes_up_does_not_take_a_newer_socket_s_place(board: Board) -> None:
    woken, other = await board.node("woken"), await board.node("other")
    anna = uuid4()
    await other.register(anna, 1, "newer")
    assert await woken.register_again(anna, 1, "older") is False
    assert await board.client.hget(keys.presence(anna), "1") == b"other newer"
    assert await other.register_again(anna, 1, "newer") is True


async def test_a_node_that_leaves_takes_everything_with_it(board: Board) -> None:
    node = await board.node("one")
    anna = uuid4()
    await node.register(anna, 1, "a")
    await node.watch(anna, 1, "a", [uuid4()])
    await node.part()
    assert [key async for key in board.client.scan_iter("{board}*")] == []


async def test_ephemerals_reach_online_devices_only(board: Board) -> None:
    node = await board.node("one")
    anna, bela = uuid4(), uuid4()
    await node.register(anna, 1, "a")
    items = [inbox.Ephemeral(anna, device, bela, 1, b"typing") for device in (1, 2)]
    await node.pass_on(anna, items)
    assert await board.told("one") == [items[0]]


async def test_a_board_that_is_away_is_a_typed_refusal(board: Board) -> None:
    node = await board.node("one")
    await board.link.close()
    with pytest.raises(Refusal) as caught:
        await node.register(uuid4(), 1, "a")
    assert caught.value.code == "unavailable"


async def test_functions_that_cannot_be_given_are_a_typed_refusal(board: Board) -> None:
    elsewhere: Redis[bytes] = Redis.from_url("unix:///nowhere.sock")
    node = Presence(board.link, "one", lambda: functions.install(elsewhere, "relay"))
    await board.client.execute_command("FUNCTION FLUSH")
    with pytest.raises(Refusal) as caught:
        await node.heartbeat()
    assert caught.value.code == "unavailable"


async def test_a_board_that_lost_its_functions_is_given_them(board: Board) -> None:
    node = await board.node("one")
    await board.client.execute_command("FUNCTION FLUSH")
    await node.register(uuid4(), 1, "a")
