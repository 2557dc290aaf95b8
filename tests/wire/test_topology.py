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
from schema.partitions import partition_of
from tests.support.checker import violations
from tests.support.crowd import Chatter, Crowd
from tests.support.evidence import gather
from tests.support.fleet import FUNCTIONS, NODES, PARTITIONS
from tests.support.lone_node import until_ready
from tests.support.topology import Topology
from tests.support.until import until

pytestmark = pytest.mark.slow

MEMBERS = 4
FURTHER = 3
"""Sends to one member that are accepted after each event."""


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


def slot_of(member: Chatter) -> int:
    """The slot of the partition that the member's mailbox is in."""
    return key_slot(keys.log(partition_of(member.device[0], PARTITIONS)).encode())


async def is_written_to(crowd: Crowd, member: Chatter) -> None:
    """So many further sends to the member are accepted."""

    def accepted() -> int:
        return sum(sent.outcome == "accepted" and sent.to == member.device for sent in crowd.history.sent)

    before = accepted()
    await until(lambda: accepted() >= before + FURTHER, seconds=60)


async def test_nothing_is_lost_while_processes_die_primaries_change_and_slots_move(
    topology: Topology,
) -> None:
    cluster = topology.cluster
    async with traffic(topology) as crowd:
        one, two, three, _ = crowd.chatters
        await is_written_to(crowd, one)

        for worker in ("projector-0", "pusher-0"):
            topology.kill(worker)
        await is_written_to(crowd, one)
        topology.kill("node-1")
        topology.start("node-1")
        await is_written_to(crowd, one)

        primary = cluster.primary_of(slot_of(one))
        replica = await asyncio.to_thread(cluster.fail_over, primary)
        assert cluster.primary_of(slot_of(one)) == replica
        await is_written_to(crowd, one)

        primary = cluster.primary_of(slot_of(two))
        replica = await asyncio.to_thread(cluster.lose, primary)
        cluster.revive(primary)
        await asyncio.to_thread(cluster.until_followed, replica)
        assert cluster.primary_of(slot_of(two)) == replica
        await is_written_to(crowd, two)

        giving = cluster.primary_of(slot_of(three))
        taking = next(number for number in cluster.primaries() if number != giving)
        for move, to in ((cluster.move_by_keys, taking), (cluster.move_at_once, giving)):
            await asyncio.to_thread(move, slot_of(three), to)
            await is_written_to(crowd, three)
        await crowd.all_online()

    audit = await asyncio.to_thread(topology.command, "replay", "audit")
    assert audit.returncode == 0, audit.stdout + audit.stderr
    ends = topology.stop()
    assert ends.pop(FUNCTIONS) == -signal.SIGTERM
    assert set(ends.values()) == {0}
    events = {event for logged in topology.events().values() for event in logged}
    assert not events & {"loop_ended", "work_failed", "http_bug", "mailbox_call_failed", "right_missing"}
