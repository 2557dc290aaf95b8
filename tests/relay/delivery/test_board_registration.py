"""What the board has of a node is made right again: after it came back empty, took the node for dead, lost an
entry of its inbox, or was away when somebody left."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from schema import inbox, keys
from tests.support.node_on_board import NodeOnBoard
from tests.support.proxy import Proxy
from tests.support.until import until


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.node.HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr("relay.node.BOARD_AGAIN_SECONDS", 0.05)


@pytest.fixture
async def proxy(board_url: str) -> AsyncIterator[Proxy]:
    async with Proxy.before(board_url) as made:
        yield made


async def test_a_board_that_came_back_empty_gets_the_lists_and_its_watchers_who_went_meanwhile(
    board_url: str,
) -> None:
    anna, bela, carl = uuid4(), uuid4(), uuid4()
    async with NodeOnBoard.at(board_url) as made:
        await made.node.start()
        at_anna = await made.connect(anna, bela, carl)
        await made.connect(bela, anna)
        await made.elsewhere(carl, anna)
        await until(lambda: len(at_anna.presence) == 2)
        at_anna.presence.clear()
        await made.client.flushall()
        await until(lambda: (carl, False) in at_anna.presence)
        await until(lambda: (bela, True) in at_anna.presence)
        assert [online for user, online in at_anna.presence if user == bela][-1]
        assert await made.client.hkeys(keys.watch(bela)) == [str(anna).encode()]
        assert set(await made.client.smembers(keys.watch_of(anna, 1))) == {
            str(u).encode() for u in (bela, carl)
        }


async def test_a_node_taken_for_dead_while_it_heard_nothing_registers_everything_again(
    board_url: str, proxy: Proxy
) -> None:
    anna, bela = uuid4(), uuid4()
    async with NodeOnBoard.at(board_url, proxy.url) as made:
        await made.node.start()
        at_anna = await made.connect(anna, bela)
        await made.connect(bela, anna)
        await until(lambda: at_anna.presence == [(bela, True)])
        proxy.stall()
        await asyncio.sleep(0.3)  # a heartbeat is under way
        await made.client.zadd(keys.NODES, {"0": 1})
        await made.other.heartbeat()
        assert await made.client.exists(keys.presence(anna), keys.presence(bela)) == 0
        proxy.asked.set()
        await until(lambda: made.client.zscore(keys.NODES, "0"))
        proxy.cut()  # nobody hears of it that the board has forgotten all of this node
        proxy.mend()
        await until(lambda: made.client.hexists(keys.presence(anna), "1"))
        await until(lambda: made.client.hexists(keys.presence(bela), "1"))
        await until(lambda: {anna, bela} <= set(made.catch_ups.begun))
        await until(lambda: at_anna.presence[-1] == (bela, True))


async def test_who_leaves_while_the_board_is_away_is_offline_when_it_is_back(
    board_url: str, proxy: Proxy
) -> None:
    anna, bela = uuid4(), uuid4()
    async with NodeOnBoard.at(board_url, proxy.url) as made:
        await made.node.start()
        at_anna = await made.connect(anna, bela)
        await made.connect(bela, anna)
        await until(lambda: at_anna.presence == [(bela, True)])
        proxy.away = True
        proxy.cut()
        await made.leave(bela)
        assert await made.client.hget(keys.presence(bela), "1") == f"0 s{bela}".encode()
        proxy.mend()
        await until(lambda: at_anna.presence[-1] == (bela, False))
        assert await made.client.exists(keys.presence(bela)) == 0
        assert await made.client.hget(keys.presence(anna), "1") == f"0 s{anna}".encode()


async def test_what_a_lost_inbox_entry_said_comes_to_pass(board_url: str, proxy: Proxy) -> None:
    anna, bela, carl, dora, emil = [uuid4() for _ in range(5)]
    async with NodeOnBoard.at(board_url, proxy.url) as made:
        await made.node.start()
        at_anna = await made.connect(anna, bela, carl)
        at_dora, at_emil = await made.connect(dora), await made.connect(emil)
        await made.connect(bela, anna)
        await until(lambda: (bela, True) in at_anna.presence)
        proxy.stall()
        await made.other.heartbeat()
        await made.other.pass_on(anna, [inbox.Ephemeral(anna, 1, bela, 1, b"perhaps in the reader's hands")])
        await made.elsewhere(carl, anna)
        await made.elsewhere(dora)
        await made.elsewhere(bela)  # the newer device does not watch anna
        await made.evict(emil)
        assert await made.client.xtrim(keys.inbox("0"), maxlen=0) > 4
        await made.other.pass_on(anna, [inbox.Ephemeral(anna, 1, bela, 1, b"the next one")])
        proxy.mend()
        await until(lambda: at_anna.passed[-1:] == [b"the next one"])
        await until(lambda: at_dora.ended == "replaced")
        await until(lambda: at_emil.ended == "rate_limited")
        await until(lambda: {(bela, False), (carl, True)} <= set(at_anna.presence))
        assert at_anna.ended == ""
        assert anna in made.catch_ups.begun
        assert await made.client.hget(keys.presence(dora), "1") == b"1 there"


async def test_who_was_evicted_while_the_board_took_the_node_for_dead_is_ended(board_url: str) -> None:
    anna, bela = uuid4(), uuid4()
    async with NodeOnBoard.at(board_url) as made:
        await made.node.start()
        at_anna, at_bela = await made.connect(anna), await made.connect(bela)
        async with made.client.pipeline(transaction=True) as together:
            together.flushall()
            together.set(keys.cooldown(anna), "1", px=60_000)  # nobody was there to be told
            await together.execute()
        await until(lambda: at_anna.ended == "rate_limited")
        await until(lambda: made.client.hexists(keys.presence(bela), "1"))
        assert at_bela.ended == ""
