"""A node cut off from the log or the board, by everything that a network does: it refuses in words, nothing
that it accepted is lost or doubled, and it recovers by itself. The rest of the house is not cut off."""

from tests.support.crowd import Chatter
from tests.support.house import House
from tests.support.proxy import Proxy
from tests.support.until import until

BOARD_LOST = {"relay.node.BOARD_LOST_SECONDS": 1.0}
"""Instead of thirty seconds."""
RESOLVED = {"relay.log.mailbox_log.RESOLVE_SECONDS": 1.0}
"""Instead of ten: whoever waits longer to learn whether a send was accepted has the socket cut."""


def unanswered(chatter: Chatter) -> int:
    """Attempts that ended without an acceptance: by the end of the socket when the outcome of a send is
    unknown, by a refusal when the send had not left yet, or at the door while the chatter reconnects."""
    return chatter.ends["lost"] + len(chatter.codes) + chatter.refusals.total()


async def test_a_node_cut_off_from_the_log(house: House) -> None:
    async with (
        Proxy.before(house.servers.log_url) as proxy,
        house.lone_node(RESOLVED, SEALSTREAM_LOG_URL=proxy.url) as node,
        house.crowd(*[node.url] * 5) as crowd,
        crowd.connected(but=1),
        crowd.writing(pause=0.01, writers=4),
    ):
        proxy.delay = 0.02
        await crowd.goes_on()
        for _ in range(5):
            proxy.mend()
            await crowd.goes_on(5)
            proxy.cut()  # in the middle of something: outcomes are unknown, and found out
        proxy.away = True
        proxy.cut()
        await crowd.is_refused()
        proxy.mend()
        await crowd.goes_on()
        before = [unanswered(chatter) for chatter in crowd.chatters]
        proxy.half_open()  # what is asked is done, and nobody hears of it
        late = crowd.chatters[-1]
        crowd.join(late)
        await until(lambda: late.refusals["unavailable"], seconds=30)
        await until(
            lambda: all(
                unanswered(chatter) > before[number] for number, chatter in enumerate(crowd.chatters[:4])
            ),
            seconds=30,
        )
        assert any(chatter.ends["lost"] for chatter in crowd.chatters)
        await until(lambda: "link_stalled" in node.said(), seconds=30)
        proxy.mend()
        await crowd.goes_on()
        await late.online.wait()
        assert set(crowd.codes()) == {"unavailable"}
        assert set(late.refusals) == {"unavailable"}


async def test_a_node_cut_off_from_the_board(house: House) -> None:
    async with (
        Proxy.before(house.servers.board_url) as proxy,
        house.lone_node(BOARD_LOST, SEALSTREAM_BOARD_URL=proxy.url) as node,
        house.crowd(*[node.url] * 5) as crowd,
        crowd.connected(but=1),
        crowd.writing(pause=0.01, writers=4),
    ):
        for _ in range(5):
            await crowd.goes_on(5)
            proxy.cut()
        assert not any(chatter.ends for chatter in crowd.chatters), "a moment ends nobody's socket"
        proxy.stall()
        late = crowd.chatters[-1]
        crowd.join(late)
        await until(lambda: late.refusals["unavailable"], seconds=30)
        await crowd.is_refused()
        await until(lambda: all(chatter.ends["shutdown"] for chatter in crowd.chatters[:4]), seconds=30)
        proxy.mend()
        await crowd.all_online()
        await crowd.goes_on()
        assert set(crowd.codes()) == {"unavailable"}
        assert {code for chatter in crowd.chatters for code in chatter.refusals} == {"unavailable"}
