"""The topology of ops/deploy runs as processes: what dies, changes its role or moves under traffic costs no
message, and the log says so."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from redis.crc import key_slot

from schema import keys
from tests.support.checker import violations
from tests.support.crowd import Crowd
from tests.support.evidence import gather
from tests.support.lone_node import until_ready
from tests.support.topology import FUNCTIONS, NODES, PARTITIONS, Topology

pytestmark = pytest.mark.slow

MEMBERS = 4
FURTHER = 8
"""Sends that are accepted after each event."""


@pytest.fixture(scope="module")
def topology() -> Iterator[Topology]:
    with Topology.running() as running:
        yield running


@asynccontextmanager
async def traffic(topology: Topology) -> AsyncIterator[Crowd]:
    """Members of both nodes who write to each other, so that each message crosses the nodes."""
    urls = [topology.url(number % NODES) for number in range(MEMBERS)]
    for url in urls[:NODES]:
        await until_ready(url)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        crowd = await Crowd.gather(http, urls, prekeys=2)
        async with crowd.connected(), crowd.writing():
            yield crowd
    evidence = await gather(topology.url_of("LOG"), topology.url_of("DATABASE"), PARTITIONS)
    found = violations(crowd.history, evidence)
    assert not found, "\n".join(found[:20])


async def test_nothing_is_lost_while_processes_die_primaries_change_and_slots_move(
    topology: Topology,
) -> None:
    cluster = topology.cluster
    slots = {partition: key_slot(keys.log(partition).encode()) for partition in range(PARTITIONS)}
    async with traffic(topology) as crowd:
        await crowd.goes_on(FURTHER)

        for worker in ("projector-0", "pusher-0"):
            topology.kill(worker)
        await crowd.goes_on(FURTHER)
        topology.kill("node-1")
        topology.start("node-1")
        await crowd.goes_on(FURTHER)

        primary = cluster.primary_of(slots[0])
        replica = await asyncio.to_thread(cluster.fail_over, primary)
        assert cluster.primary_of(slots[0]) == replica
        await crowd.goes_on(FURTHER)

        primary = cluster.primary_of(slots[3])
        replica = await asyncio.to_thread(cluster.lose, primary)
        cluster.revive(primary)
        await asyncio.to_thread(cluster.until_followed, replica)
        await crowd.goes_on(FURTHER)

        giving, taking = cluster.primary_of(slots[1]), cluster.primary_of(slots[0])
        await asyncio.to_thread(cluster.move_by_keys, slots[1], taking)
        await crowd.goes_on(FURTHER)
        await asyncio.to_thread(cluster.move_at_once, slots[1], giving)
        await crowd.goes_on(FURTHER)
        await crowd.all_online()

    audit = await asyncio.to_thread(topology.command, "replay", "audit")
    assert audit.returncode == 0, audit.stdout + audit.stderr
    ends = topology.stop()
    assert ends.pop(FUNCTIONS) == -signal.SIGTERM
    assert set(ends.values()) == {0}
    events = {event for logged in topology.events().values() for event in logged}
    assert not events & {"loop_ended", "work_failed", "http_bug", "mailbox_call_failed", "right_missing"}
