"""All four workers on a log and board that are one Valkey Cluster of two primaries."""

import asyncio
from collections.abc import Iterator

import pytest

from schema import keys
from schema import servers as clients
from schema.clock import now_ms
from schema.partitions import partition_of
from tests.support.cluster import Cluster
from tests.workers import stories
from tests.workers.oracle import projected
from tests.workers.running import PARTITIONS, Workers, until

pytestmark = pytest.mark.slow


@pytest.fixture
def cluster_url() -> Iterator[str]:
    with Cluster.running() as cluster:
        yield cluster.url


async def test_envelopes_are_projected_pushed_expired_and_trimmed_on_a_cluster(
    cluster_url: str, database_url: str
) -> None:
    settings = {
        "SEALSTREAM_ENVELOPE_TTL_SECONDS": "4",
        "SEALSTREAM_RETENTION_INTERVAL_SECONDS": "0.5",
        "SEALSTREAM_REWRITE_INTERVAL_SECONDS": "1",
    }
    workers = Workers(cluster_url, cluster_url, database_url)
    users = stories.users(16)
    assert {partition_of(user, PARTITIONS) for user in users} == set(range(PARTITIONS))
    try:
        async with clients.client(cluster_url) as client:
            team = [
                workers.start(name, **settings).until_said("worker_up")
                for name in ("projector", "pusher", "retention", "rate-limiter")
            ]
            await client.zadd(keys.NODES, {"n1": now_ms()})
            for user in users:
                partition = partition_of(user, PARTITIONS)
                await client.hset(keys.presence(user), 1, "n1 socket")
                await client.hset(keys.user(partition, user), mapping={"i": b"key", "r1": 1, "h1": 2})
                for said in (
                    stories.identity(user, at=now_ms()),
                    stories.accepted(user, 1, 1, now_ms()),
                    stories.accepted(user, 1, 2, now_ms()),
                ):
                    await client.xadd(keys.log(partition), stories.fields(said))

            async def owed() -> bool:
                return len(projected(database_url, users)["envelopes"]) == 32

            async def over() -> bool:
                lengths = [await client.xlen(keys.log(partition)) for partition in range(PARTITIONS)]
                return projected(database_url, users)["envelopes"] == [] and not any(lengths)

            await until(owed)
            await until(over, within=30)
            told = [name for _, fields in await client.xrange(keys.inbox("n1")) for name in fields]
            # On a slow machine the first of the two may expire a round earlier, and is told so.
            assert set(told) - {b"x:1"} == {b"c", b"p:1", b"p:2", b"x:2"}
            assert await client.exists(keys.POLICY)
            team[2].until_said("rewrite_begun")
            for worker in team:
                assert await asyncio.to_thread(worker.stop) == 0
                assert not worker.said("work_failed")
    finally:
        workers.kill_all()
