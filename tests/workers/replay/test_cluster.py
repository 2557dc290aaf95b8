"""An audit of a log that is a Valkey Cluster of two primaries."""

from collections.abc import Iterator

import psycopg
import pytest

from schema import keys, servers
from schema.partitions import partition_of
from tests.support.cluster import Cluster
from tests.workers import stories
from workers.replay.audit import Audit, Scope
from workers.replay.log_source import LogSource

PARTITIONS = 4

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster.running() as running:
        yield running


async def test_every_partition_is_read_and_compared_wherever_it_lies(
    cluster: Cluster, database_url: str
) -> None:
    cluster.empty()
    users = stories.users(12)
    async with servers.client(cluster.url) as client:
        for user in users:
            partition = partition_of(user, PARTITIONS)
            for said in (stories.identity(user), *(stories.accepted(user, 1, seq) for seq in range(1, 9))):
                await client.xadd(keys.log(partition), stories.fields(said))
            fields = {"i": stories.key(), "r1": 1, "h1": 8, "c1": 0, "f1": 0}
            await client.hset(keys.user(partition, user), mapping=fields)
        for partition in range(PARTITIONS):
            for group in keys.LOG_GROUPS:
                await client.xgroup_create(keys.log(partition), group, id="$", mkstream=True)
        await client.hset(keys.user(partition_of(users[0], PARTITIONS), users[0]), "h1", 9)
        source = LogSource(client, rate=None, page=5)
        scope = Scope(PARTITIONS, tuple(range(PARTITIONS)))
        audit = Audit(source, client, scope, source.pacer, lambda _: None)
        await audit.begin()
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
            for partition in range(PARTITIONS):
                await connection.execute(
                    "INSERT INTO checkpoints VALUES ('projector', %s, '0-0')", (partition,)
                )
            report = await audit.run(connection)
    assert [(one.kind, one.user) for one in report.violations] == [("directory", users[0])]
    assert sum(row.accepted for row in report.partitions) == 8 * len(users)
