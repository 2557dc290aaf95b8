"""A clock jumps an hour ahead and back: positions stay in order, nothing expires early, everybody goes on.

The node's and retention's clock are set where they read it. The log's and the database's are not ours to set:
what a log server leaves behind whose clock was ahead is written as it would have been.
"""

from functools import partial
from uuid import uuid4

from psycopg_pool import AsyncConnectionPool

from schema import codec, keys, servers
from schema.clock import now_ms
from schema.events import AccountDeleted, EnvelopeAccepted
from schema.positions import Position
from tests.support.checker import Evidence
from tests.support.crowd import Chatter
from tests.support.evidence import gather
from tests.support.house import PARTITIONS, House
from tests.support.until import until
from workers.retention.rounds import Retention, Schedule

HOUR = 3600
HOUR_MS = HOUR * 1000
HALF_MS = HOUR_MS // 2


async def test_a_nodes_and_retentions_clock_jump_an_hour_ahead_and_back(house: House) -> None:
    async with (
        house.lone_node() as node,
        house.crowd(node.url, node.url, node.url, house.url()) as crowd,
        crowd.connected(but=1),
        crowd.writing(writers=3),
    ):
        await crowd.goes_on()
        for jump, life_ms in ((HOUR, HALF_MS), (0, HALF_MS), (-HOUR, 3 * HOUR_MS), (0, 3 * HOUR_MS)):
            node.jump(jump)
            if jump == HOUR:
                for chatter in crowd.chatters[:3]:  # tokens of a quarter of an hour are over: renewed
                    await until(partial(tokens_that_ended, chatter), seconds=60.0)
                await crowd.all_online(but=1)
            await crowd.goes_on()
            await retention_round(house, life_ms=life_ms, ahead_ms=jump * 1000)
        away = crowd.chatters[-1]
        crowd.join(away)
        await away.online.wait()
        stamps = [entry.event.at for entry in (await whole(house)).log if is_for(entry.event, away.device)]
    assert max(stamps) - min(stamps) > 1.9 * HOUR_MS, "the jumps were seen"
    assert crowd.history.expired == []


async def test_a_node_whose_clock_is_behind_shortens_no_envelopes_life(house: House) -> None:
    async with (
        house.lone_node() as node,
        house.crowd(node.url, node.url, house.url()) as crowd,
        crowd.connected(but=1),
        crowd.writing(writers=2),
    ):
        node.jump(-HOUR)
        await crowd.goes_on()
        away = crowd.chatters[-1]
        stamps = [entry.event.at for entry in (await whole(house)).log if is_for(entry.event, away.device)]
        assert min(stamps) < now_ms() - HOUR_MS
        await retention_round(house, life_ms=HALF_MS, ahead_ms=0)
        crowd.join(away)
        await away.online.wait()
    assert crowd.history.expired == []


async def test_a_log_whose_clock_was_ahead_goes_on_in_order(house: House) -> None:
    async with (
        house.client("log") as log,
        house.crowd(*[house.url(number % 2) for number in range(4)]) as crowd,
        crowd.connected(),
        crowd.writing(),
    ):
        await crowd.goes_on()
        ahead = now_ms() + HOUR_MS
        for partition in range(PARTITIONS):
            event = AccountDeleted(user=uuid4(), device=1, at=ahead)  # of a stranger: it changes nothing
            fields = {codec.EVENT_FIELD: codec.encode(event)}
            await log.xadd(keys.log(partition), fields, id=f"{ahead}-0")
        await crowd.goes_on(100)
        for partition in range(PARTITIONS):
            newest = (await log.xinfo_stream(keys.log(partition)))["last-generated-id"]
            assert Position.parse(newest) >= Position(ahead, 0)
        await retention_round(house, life_ms=HALF_MS, ahead_ms=0)
    assert crowd.history.expired == []


def tokens_that_ended(chatter: Chatter) -> int:
    """At an open socket, or when it connected again because the connection had been lost before."""
    return chatter.ends["token_expired"] + chatter.refusals["token_expired"]


async def retention_round(house: House, *, life_ms: int, ahead_ms: int) -> None:
    """One round by a clock that is so far ahead, in which envelopes of `life_ms` expire."""
    log, board = servers.client(house.servers.log_url), servers.client(house.servers.board_url)
    async with log, board, AsyncConnectionPool(house.servers.database_url(), open=False) as database:
        schedule = Schedule(life_ms, 60, 86_400)
        await Retention(database, log, board, PARTITIONS, schedule, lambda: now_ms() + ahead_ms).round()


async def whole(house: House) -> Evidence:
    return await gather(house.servers.log_url, house.servers.database_url(), PARTITIONS, seconds=0.1)


def is_for(event: object, device: object) -> bool:
    return isinstance(event, EnvelopeAccepted) and (event.user, event.device) == device
