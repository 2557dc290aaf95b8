"""Workers after a failover: they find the new primary, and the database that takes writes, by themselves."""

from typing import Any

import psycopg
import pytest

from schema import keys
from schema import servers as clients
from schema.partitions import partition_of
from tests.servers import Servers
from tests.support.failover import Pair
from tests.support.proxy import Proxy
from tests.workers import stories
from tests.workers.consuming import SOURCE, Recorder, consuming, done, say
from tests.workers.oracle import projected
from tests.workers.running import PARTITIONS, Workers, until
from workers.database import Database


async def test_a_consumer_goes_on_at_the_log_that_took_over(log: Any, log_url: str, board_url: str) -> None:
    async with Pair.of(log_url, board_url) as pair, Proxy.before(log_url) as name:
        handler = Recorder()
        async with consuming(name.url, handler):
            await say(log, 1)
            await until(lambda: done(handler, 1))
            await pair.fail_over()
            name.lead_to(pair.second_url)
            async with clients.client(pair.second_url) as second:
                await say(second, 2, 3)
            await until(lambda: done(handler, 3))
        assert handler.seqs == [1, 2, 3]
        async with clients.client(pair.second_url) as second:
            assert await second.xlen(SOURCE.quarantine) == 0


@pytest.mark.parametrize("becomes", ["standby", "read_only"])
async def test_a_projector_waits_for_a_database_that_takes_no_writes(
    log: Any, workers: Workers, servers: Servers, database_url: str, becomes: str
) -> None:
    (user,) = stories.users(1)
    stream = keys.log(partition_of(user, PARTITIONS))
    await log.xadd(stream, stories.fields(stories.identity(user)))
    worker = workers.start("projector")

    async def owed(count: int) -> bool:
        return len(projected(database_url, [user])["envelopes"]) == count

    await log.xadd(stream, stories.fields(stories.accepted(user, 1, 1)))
    await until(lambda: owed(1))
    with getattr(servers, becomes)():
        await log.xadd(stream, stories.fields(stories.accepted(user, 1, 2)))
        worker.until_said("consumer_waits")
    await until(lambda: owed(2), within=30)
    assert worker.runs
    assert not worker.said("work_failed")
    assert await log.xlen(keys.quarantine(partition_of(user, PARTITIONS))) == 0


async def test_a_session_that_may_not_write_any_more_is_given_up(database_url: str) -> None:
    """The address may lead to another server by now."""
    async with Database(database_url) as pool:
        await pool.wait()
        async with pool.connection() as connection:
            await connection.execute("SET default_transaction_read_only = on")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await delete(pool)
        await delete(pool)


async def delete(pool: Database) -> None:
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM checkpoints")
