"""The workers on a log and board that are one Valkey Cluster of two primaries."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg_pool import AsyncConnectionPool
from redis import Redis
from redis.asyncio import Connection
from redis.crc import key_slot

from relay.identity.directory import Directory
from schema import functions, keys
from schema import servers as clients
from schema.clock import now_ms
from schema.events import AccountDeleted
from schema.log_identity import AnotherLog, Guard
from schema.partitions import partition_of
from schema.relay_keys import RelayKey
from tests.support.cluster import SLOTS, Cluster
from tests.workers import stories
from tests.workers.archive.conftest import read_by_all, tell
from tests.workers.archive.reads import joined, positions
from tests.workers.deletions import events, life, readers
from tests.workers.oracle import projected
from tests.workers.running import PARTITIONS, Workers, until
from workers.archive.archivist import Archivist
from workers.archive.store import Store
from workers.retention.erasing import erase
from workers.retention.room import END_SHARE, Room, memories
from workers.retention.trimming import Trimmer

pytestmark = pytest.mark.slow

SPREAD = 4
"""So many partitions that either primary has some."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster.running() as running:
        yield running


@pytest.fixture
def cluster_url(cluster: Cluster) -> str:
    cluster.empty()
    return cluster.url


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
            await client.xadd(keys.quarantine(0), {"position": "1-0", "e": "set aside"})

            async def begin(user: UUID) -> None:
                partition = partition_of(user, PARTITIONS)
                await client.hset(keys.presence(user), 1, "n1 socket")
                await client.hset(keys.user(partition, user), mapping={"i": b"key", "r1": 1, "h1": 2})
                for said in (
                    stories.identity(user, at=now_ms()),
                    stories.accepted(user, 1, 1, now_ms()),
                    stories.accepted(user, 1, 2, now_ms()),
                ):
                    await client.xadd(keys.log(partition), stories.fields(said))

            # All at once: the first must not expire before the last is there.
            await asyncio.gather(*map(begin, users))

            async def owed() -> bool:
                return len(projected(database_url, users)["envelopes"]) == 32

            async def over() -> bool:
                streams = [keys.quarantine(0), *(keys.log(partition) for partition in range(PARTITIONS))]
                lengths = [await client.xlen(stream) for stream in streams]
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


async def test_deleted_accounts_are_erased_on_both_primaries(cluster_url: str, database: Any) -> None:
    first = [key_slot(keys.log(number).encode()) <= SLOTS[0][1] for number in range(SPREAD)]
    assert any(first)
    assert not all(first)
    users = stories.users(16)
    gone, others = users[:8], users[8:]
    async with clients.client(cluster_url) as client:
        for package in ("relay", "workers"):
            await functions.install(client, package)
        for user in users:
            for said in life(user):
                await client.xadd(keys.log(partition_of(user, SPREAD)), stories.fields(said))
            aside = {b"position": b"1-0", **stories.fields(stories.accepted(user, 1, 9))}
            await client.xadd(keys.quarantine(partition_of(user, SPREAD)), aside)
        for user in gone:
            await Directory(client, SPREAD).delete(user, 1, now_ms())
        partitions = {partition_of(user, SPREAD) for user in users}
        assert await erase(database, client, SPREAD) == 0, "nobody has read them"
        for partition in partitions:
            await readers(client, database, partition)
        assert await erase(database, client, SPREAD) == len(gone) * (len(life(gone[0])) + 1)
        left = [event for partition in partitions for event in await events(client, keys.log(partition))]
        assert sorted(event.user for event in left if isinstance(event, AccountDeleted)) == sorted(gone)
        assert {event.user for event in left if not isinstance(event, AccountDeleted)} == set(others)
        assert len(left) == len(gone) + len(others) * len(life(others[0]))
        aside_still = [event for p in partitions for event in await events(client, keys.quarantine(p))]
        assert sorted(event.user for event in aside_still) == sorted(others)
        assert not any([await client.exists(keys.deleted(partition)) for partition in partitions])


async def test_a_primary_that_lost_its_data_is_noticed_and_no_other(
    cluster: Cluster, cluster_url: str
) -> None:
    guard = Guard(uuid4(), SPREAD)
    async with clients.client(cluster_url) as plain:
        for name in guard.keys:
            await plain.set(name, str(guard.log_id))
        async with clients.client(cluster_url, guard=guard) as guarded:
            for partition in range(SPREAD):
                assert await guarded.set(keys.log(partition), "1")
    first, second = (
        Connection(port=port, protocol=2, redis_connect_func=guard.on_connect) for port in cluster._ports
    )
    with Redis(port=cluster._ports[1]) as lost:
        lost.flushall()
    await first.connect()
    with pytest.raises(AnotherLog):
        await second.connect()
    for connection in (first, second):
        await connection.disconnect()


async def test_a_primary_that_is_above_half_gives_its_own_partitions_to_the_archive(
    cluster_url: str, database_url: str, tmp_path: Path
) -> None:
    async with clients.client(cluster_url) as client, AsyncConnectionPool(database_url, open=False) as pool:
        homes = {number: client.get_node_from_key(keys.log(number)).name for number in range(SPREAD)}
        full = homes[0]
        (other,) = set(homes.values()) - {full}
        key = RelayKey("kid", Ed25519PrivateKey.generate())
        archivist = Archivist(
            Store.open(str(tmp_path)),
            pool,
            client,
            key,
            {"kid": key.private.public_key()},
            now_ms,
            entries=50,
        )
        (user,) = stories.users(1)
        story = [stories.accepted(user, 1, number, body=bytes(32_768)) for number in range(1, 151)]
        for number in range(SPREAD):
            await tell(client, story, partition=number)
            await read_by_all(client, pool, number)
        try:
            before = await memories(client)
            limits = {full: int(before[full].used / 0.6), other: int(before[other].used / 0.3)}
            for name, most in limits.items():
                node = client.get_node(node_name=name)
                await client.config_set("maxmemory", most, target_nodes=node)
            assert await Room(client, SPREAD, Trimmer(pool, client, archivist)).make(asyncio.Event()) > 0
            after = await memories(client)
            assert after[full].share <= END_SHARE
            for number, home in homes.items():
                assert (await client.xlen(keys.log(number)) == 150) == (home == other)
                assert await positions(joined(archivist, client), number) == list(range(1, 151))
        finally:
            await client.config_set("maxmemory", 0, target_nodes=clients.Cluster.PRIMARIES)
