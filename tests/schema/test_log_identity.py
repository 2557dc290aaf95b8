"""One id in log and database: made by the first start, compared by every other."""

import asyncio
from uuid import UUID, uuid4

import pytest

from schema import keys, servers
from schema.log_identity import AnotherLog, Found, Guard, LogUnfit, Recorded, why_unfit
from tests.support.log_and_database import PARTITIONS, LogAndDatabase

ONE, OTHER = UUID(int=1), UUID(int=2)
SETTLED = Recorded(ONE, settled=True)
ADOPT, RESTORE = "`sealstream replay adopt-log`", "`sealstream replay restore-log-heads`"


@pytest.mark.parametrize(
    ("recorded", "found", "checkpoints", "command"),
    [
        pytest.param(None, Found([None, None], [(0, 0), (0, 0)]), {}, None, id="a first start"),
        pytest.param(
            None, Found([None, None], [(5, 0), (0, 0)]), {0: (5, 0), 1: (0, 0)}, None, id="an upgrade"
        ),
        pytest.param(SETTLED, Found([ONE, ONE], [(5, 1), (0, 0)]), {0: (5, 0)}, None, id="the same"),
        pytest.param(
            Recorded(ONE, settled=False), Found([ONE, None], [(0, 0), (0, 0)]), {}, None, id="a start cut off"
        ),
        pytest.param(SETTLED, Found([None, None], [(0, 0), (0, 0)]), {}, RESTORE, id="the log is empty"),
        pytest.param(
            None, Found([None, None], [(0, 0), (0, 0)]), {0: (5, 0)}, RESTORE, id="it was before ids were"
        ),
        pytest.param(SETTLED, Found([None, None], [(5, 0), (0, 0)]), {}, ADOPT, id="a log without an id"),
        pytest.param(SETTLED, Found([ONE, None], [(5, 0), (0, 0)]), {}, ADOPT, id="a part was lost"),
        pytest.param(SETTLED, Found([OTHER, OTHER], [(5, 0), (0, 0)]), {}, ADOPT, id="another log"),
        pytest.param(None, Found([ONE, ONE], [(5, 0), (0, 0)]), {}, ADOPT, id="a database without an id"),
        pytest.param(
            Recorded(OTHER, settled=False),
            Found([ONE, ONE], [(5, 0), (0, 0)]),
            {},
            ADOPT,
            id="a new one",
        ),
        pytest.param(SETTLED, Found([ONE, ONE], [(5, 0), (0, 0)]), {0: (5, 1)}, ADOPT, id="an older log"),
        pytest.param(
            SETTLED, Found([ONE, ONE], [(5, 0)] * 2, unread=[1]), {0: (5, 0)}, ADOPT, id="trimmed unread"
        ),
        pytest.param(
            SETTLED, Found([ONE, ONE], [(5, 0)] * 2, "adopt-log"), {}, ADOPT, id="a repair that was cut off"
        ),
    ],
)
def test_what_does_not_belong_together_names_the_command_to_run(
    recorded, found, checkpoints, command
) -> None:
    reason = why_unfit(recorded, found, checkpoints)
    if command is None:
        assert reason is None
    else:
        assert command in str(reason)
        assert str(reason).endswith(".")


async def test_starts_at_once_agree_on_one_id_and_later_ones_find_it(log_url, database_url) -> None:
    async with LogAndDatabase.on(log_url, database_url) as world:
        ids = await asyncio.gather(*(world.settle() for _ in range(4)))
        assert len({*ids, await world.settle()}) == 1
        assert await world.rows("SELECT log_id, settled FROM log_identity") == [(ids[0], True)]
        for partition in range(PARTITIONS):
            assert await world.client.get(keys.log_id(partition)) == str(ids[0]).encode()


async def test_a_first_start_that_was_cut_off_is_finished_by_the_next(log_url, database_url) -> None:
    async with LogAndDatabase.on(log_url, database_url) as world:
        await world.execute("INSERT INTO log_identity (log_id) VALUES (%s)", ONE)
        await world.client.set(keys.log_id(0), str(ONE))
        assert await world.settle() == ONE
        assert await world.client.get(keys.log_id(1)) == str(ONE).encode()


async def test_an_installation_of_before_gets_an_id_but_not_when_its_log_is_gone(
    log_url, database_url
) -> None:
    async with LogAndDatabase.on(log_url, database_url) as world:
        await world.person()
        await world.project()
        log = await world.copy_of_log()
        await world.client.flushall()
        with pytest.raises(LogUnfit, match=r"The log is empty.*restore-log-heads"):
            await world.settle()
        assert await world.client.keys() == [], "a log that is refused is not written to"
        await world.restore_log(log)
        assert await world.settle() == await world.settle()


async def test_what_was_trimmed_does_not_make_a_log_older(log_url, database_url) -> None:
    async with LogAndDatabase.on(log_url, database_url) as world:
        await world.person()
        await world.project()
        id_before = await world.settle()
        for partition in range(PARTITIONS):
            await world.client.xtrim(keys.log(partition), maxlen=0)
        assert await world.settle() == id_before


async def test_a_guarded_client_asks_nothing_of_a_log_that_lost_its_data(log_url) -> None:
    guard = Guard(uuid4(), PARTITIONS)
    client = servers.client(log_url, guard=guard)
    with pytest.raises(AnotherLog):
        await client.set("x", "1")
    plain = servers.client(log_url)
    assert not await plain.exists("x")
    for name in guard.keys:
        await plain.set(name, str(guard.log_id))
    await client.set("x", "1")
    await plain.delete(guard.keys[1])
    await client.connection_pool.disconnect()
    with pytest.raises(AnotherLog):
        await client.get("x")
    for one in (client, plain):
        await one.aclose()
