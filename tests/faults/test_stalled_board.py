"""A board that stands still for so long that it takes a node for dead when it goes on: within seconds
everybody is reached again, and who left meanwhile is offline."""

import asyncio

import pytest

from schema import keys
from tests.support.house import House
from tests.support.until import until
from tests.wire.conftest import Party

pytestmark = pytest.mark.slow
STALL_SECONDS = 14.0
SOON_SECONDS = 15.0


async def test_messages_reach_both_nodes_soon_after_the_board_goes_on(house: House, party: Party) -> None:
    anna, bela, carl = [await party.person() for _ in range(3)]
    at_anna, at_bela = await party.line(anna), await party.line(bela, house.url(1))
    at_carl = await party.line(carl, house.url(1))
    for line, watched in ((at_anna, [bela, carl]), (at_bela, [anna]), (at_carl, [anna])):
        await line.call("presence.watch", {"users": [person.user_id for person in watched]})
    await at_bela.until_event("caught_up")
    with house.frozen("board"):
        await asyncio.sleep(STALL_SECONDS / 2)
        await at_carl.close()
        await asyncio.sleep(STALL_SECONDS / 2)

    async def send(line, to, body: bytes) -> bool:
        return bool((await line.send(to, body))["ok"])

    await until(lambda: send(at_anna, bela, b"to bela"), seconds=SOON_SECONDS)
    await until(lambda: send(at_bela, anna, b"to anna"), seconds=SOON_SECONDS)
    assert (await at_bela.until_bodies(1, seconds=SOON_SECONDS))[0] == b"to bela"
    assert (await at_anna.until_bodies(1, seconds=SOON_SECONDS))[0] == b"to anna"
    gone = ("presence", {"user_id": carl.user_id, "online": False})
    await at_anna.until(lambda: gone in at_anna.events, seconds=SOON_SECONDS)
    async with house.client("board") as board:
        assert await board.exists(keys.presence(carl.user_id)) == 0
        assert await board.exists(keys.presence(anna.user_id), keys.presence(bela.user_id)) == 2
    said = "".join(house.stack.logs()[f"node-{number}"] for number in range(2))
    assert "sockets_registered_again" in said, "a node was taken for dead"
