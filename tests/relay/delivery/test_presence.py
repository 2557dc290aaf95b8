"""Presence on a real board: one socket per device, mutual watchers only."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from relay.delivery.presence import Presence
from schema import functions, inbox, keys
from schema.refusals import Refusal
from tests.support.presence_board import PresenceBoard


@pytest.fixture
async def board(board_url: str) -> AsyncIterator[PresenceBoard]:
    async with PresenceBoard.at(board_url) as made:
        yield made


async def befriend(node: Presence, anna: UUID, bela: UUID) -> None:
    """Of sockets "a1" and "b1" of their devices 1, on one node."""
    await node.watch(anna, 1, "a1", [bela])
    await node.watch(bela, 1, "b1", [anna])


async def test_the_newer_socket_wins_and_the_older_ones_node_is_told(board: PresenceBoard) -> None:
    one, two = await board.node("one"), await board.node("two")
    anna = uuid4()
    await one.register(anna, 1, "old")
    await two.register(anna, 1, "new")
    assert await board.told("one") == [inbox.End(anna, 1, "old", "replaced")]
    await one.unregister(anna, 1, "old")
    assert await board.client.hgetall(keys.presence(anna)) == {b"1": b"two new"}


async def test_presence_is_told_only_between_users_who_watch_each_other(board: PresenceBoard) -> None:
    node = await board.node("one")
    anna, bela = uuid4(), uuid4()
    await node.register(anna, 1, "a1")
    await node.register(bela, 1, "b1")
    assert await node.watch(anna, 1, "a1", [bela, bela, anna]) == []
    assert await board.told("one") == []
    assert await node.watch(bela, 1, "b1", [anna, anna]) == [anna]
    assert await board.told("one") == [inbox.PresenceChanged(anna, bela, True)]


async def test_the_last_device_that_leaves_takes_the_user_offline(board: PresenceBoard) -> None:
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


async def test_who_stops_watching_is_offline_to_the_other(board: PresenceBoard) -> None:
    node = await board.node("one")
    anna, bela = uuid4(), uuid4()
    await node.register(anna, 1, "a1")
    await node.register(bela, 1, "b1")
    await befriend(node, anna, bela)
    await node.watch(anna, 1, "a1", [])
    assert (await board.told("one"))[-1] == inbox.PresenceChanged(bela, anna, False)


async def test_two_devices_have_lists_of_their_own_and_the_user_watches_whom_either_watches(
    board: PresenceBoard,
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


async def test_a_list_goes_with_the_socket_that_gave_it(board: PresenceBoard) -> None:
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


async def test_a_node_that_wakes_up_does_not_take_a_newer_socket_s_place(board: PresenceBoard) -> None:
    woken, other = await board.node("woken"), await board.node("other")
    anna = uuid4()
    await other.register(anna, 1, "newer")
    assert await woken.register_again(anna, 1, "older") is False
    assert await board.client.hget(keys.presence(anna), "1") == b"other newer"
    assert await other.register_again(anna, 1, "newer") is True
    assert await other.register_again(anna, 1, "older") is False, "nor does one of the same node"


async def test_a_node_that_leaves_takes_everything_with_it(board: PresenceBoard) -> None:
    node = await board.node("one")
    anna = uuid4()
    await node.register(anna, 1, "a")
    await node.watch(anna, 1, "a", [uuid4()])
    await node.remove_node()
    assert [key async for key in board.client.scan_iter("{board}*")] == []


async def test_ephemerals_reach_online_devices_only(board: PresenceBoard) -> None:
    node = await board.node("one")
    anna, bela = uuid4(), uuid4()
    await node.register(anna, 1, "a")
    items = [inbox.Ephemeral(anna, device, bela, 1, b"typing") for device in (1, 2)]
    await node.pass_on(anna, items)
    assert await board.told("one") == [items[0]]


async def test_a_board_that_is_away_is_a_typed_refusal(board: PresenceBoard) -> None:
    node = await board.node("one")
    await board.link.close()
    with pytest.raises(Refusal) as caught:
        await node.register(uuid4(), 1, "a")
    assert caught.value.code == "unavailable"


async def test_functions_that_cannot_be_given_are_a_typed_refusal(board: PresenceBoard) -> None:
    elsewhere: Redis[bytes] = Redis.from_url("unix:///nowhere.sock")
    node = Presence(board.link, "one", lambda: functions.install(elsewhere, "relay"))
    await board.client.execute_command("FUNCTION FLUSH")
    with pytest.raises(Refusal) as caught:
        await node.heartbeat()
    assert caught.value.code == "unavailable"


async def test_a_board_that_lost_its_functions_is_given_them(board: PresenceBoard) -> None:
    node = await board.node("one")
    await board.client.execute_command("FUNCTION FLUSH")
    anna, bela = uuid4(), uuid4()
    await node.register(anna, 1, "a")
    item = inbox.Ephemeral(anna, 1, bela, 1, b"typing")
    await node.pass_on(anna, [item])
    assert await board.told("one") == [item]
