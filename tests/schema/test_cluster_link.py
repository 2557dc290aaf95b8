"""The hot path's connections to a cluster of three primaries: each command runs once, in order, wherever its
slot is."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.crc import key_slot
from redis.exceptions import ResponseError

from schema.cluster_link import ClusterLink
from schema.cluster_slots import redirected, slot_of
from schema.link import NotSent, OutcomeUnknown
from tests.support.cluster import Cluster, spread
from tests.support.proxy import Proxy
from tests.support.until import until

pytestmark = pytest.mark.slow

KEYS = [f"{{{number}}}:list" for number in range(12)]
"""Lists whose slots are spread over all primaries."""
MOVES = ("move_by_keys", "move_at_once")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    options = ("--save", "", "--appendonly", "no", "--cluster-node-timeout", "1000")
    with Cluster.running(slots=spread(3), replicated=True, options=options) as running:
        yield running


@pytest.fixture
async def link(cluster: Cluster) -> AsyncIterator[ClusterLink]:
    link = ClusterLink(cluster.url, name="log", stall_seconds=2.0)
    await link.start()
    for key in KEYS:
        await link.execute("DEL", key)
    yield link
    await link.close()


class Writer:
    """Appends 0, 1, 2, … to a list, many under way at a time, and notes what became of each."""

    def __init__(self, link: ClusterLink, key: str) -> None:
        self._link = link
        self._key = key
        self.asked: list[asyncio.Future[int]] = []
        self._task = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while True:
            for _ in range(20):
                self.asked.append(self._link.execute("RPUSH", self._key, len(self.asked)))
            await asyncio.sleep(0.001)
            await asyncio.wait(self.asked[-10:])

    async def over(self) -> list[int]:
        """The numbers that were accepted."""
        self._task.cancel()
        await asyncio.wait([self._task, *self.asked])
        for one in self.asked:
            assert isinstance(one.exception(), NotSent | OutcomeUnknown | None)
        return [number for number, one in enumerate(self.asked) if one.exception() is None]

    async def goes_on(self) -> None:
        """Returns when a command that was given from now on was accepted."""
        start = len(self.asked)
        await until(lambda: any(one.done() and not one.exception() for one in self.asked[start:]), seconds=30)


async def found(link: ClusterLink, key: str) -> list[int]:
    return [int(text) for text in await link.execute("LRANGE", key, 0, -1)]


async def test_commands_go_to_the_primary_of_their_slot(link: ClusterLink, cluster: Cluster) -> None:
    assert {cluster.primary_of(key_slot(key.encode())) for key in KEYS} == cluster.primaries()
    asked = [link.execute("RPUSH", key, number) for number in range(50) for key in KEYS]
    await asyncio.gather(*asked)
    for key in KEYS:
        assert await found(link, key) == list(range(50))
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await link.execute("GET", KEYS[0])
    assert await link.execute("PING") == b"PONG"


@pytest.mark.parametrize("how", MOVES)
async def test_a_slot_that_moves_under_traffic_loses_doubles_and_reorders_nothing(
    link: ClusterLink, cluster: Cluster, how: str
) -> None:
    slot = key_slot(KEYS[0].encode())
    writer = Writer(link, KEYS[0])
    await writer.goes_on()
    for _ in range(2):
        giving = cluster.primary_of(slot)
        taking = next(number for number in sorted(cluster.primaries()) if number != giving)
        await asyncio.to_thread(getattr(cluster, how), slot, taking)
        await writer.goes_on()
    accepted = await writer.over()
    assert accepted == list(range(len(writer.asked))), "a move ends no command"
    assert await found(link, KEYS[0]) == accepted


async def test_commands_that_a_former_primary_refuses_keep_their_order(
    link: ClusterLink, cluster: Cluster
) -> None:
    """Many are in flight to it when it gives the slot away; the next ones know the new primary already."""
    slot = key_slot(KEYS[0].encode())
    giving = cluster.primary_of(slot)
    taking = next(number for number in sorted(cluster.primaries()) if number != giving)
    await asyncio.to_thread(cluster.move_by_keys, slot, taking)
    asked = []
    for number in range(1000):
        asked.append(link.execute("RPUSH", KEYS[0], number))
        await asyncio.sleep(0)  # answers to the first come meanwhile
    assert await asyncio.gather(*asked) == list(range(1, 1001))
    assert await found(link, KEYS[0]) == list(range(1000))


async def test_a_failover_under_traffic_doubles_and_reorders_nothing(
    link: ClusterLink, cluster: Cluster
) -> None:
    writer = Writer(link, KEYS[1])
    await writer.goes_on()
    await asyncio.to_thread(cluster.fail_over, cluster.primary_of(key_slot(KEYS[1].encode())))
    await writer.goes_on()
    accepted = await writer.over()
    there = await found(link, KEYS[1])
    assert there == sorted(set(there))
    assert set(accepted) <= set(there)


async def test_a_primary_that_dies_is_followed_to_its_replica_and_keeps_no_other_from_answering(
    link: ClusterLink, cluster: Cluster
) -> None:
    primary = cluster.primary_of(key_slot(KEYS[2].encode()))
    other = next(key for key in KEYS if cluster.primary_of(key_slot(key.encode())) != primary)
    writer, elsewhere = Writer(link, KEYS[2]), Writer(link, other)
    await writer.goes_on()
    await asyncio.to_thread(cluster.lose, primary)
    await elsewhere.goes_on()
    await writer.goes_on()
    accepted, all_elsewhere = await writer.over(), await elsewhere.over()
    there = await found(link, KEYS[2])
    assert there == sorted(set(there))
    assert set(accepted) <= set(there)
    assert set(all_elsewhere) <= set(await found(link, other))
    cluster.revive(primary)
    await asyncio.to_thread(cluster.until_followed, cluster.replica_of(primary))


async def test_a_connection_for_one_key_follows_its_slot(cluster: Cluster, link: ClusterLink) -> None:
    own = ClusterLink(cluster.url, name="log", only=KEYS[3])
    await own.start()
    try:
        reading = own.execute("BLPOP", KEYS[3], 0)
        slot = key_slot(KEYS[3].encode())
        taking = next(number for number in sorted(cluster.primaries()) if number != cluster.primary_of(slot))
        await asyncio.to_thread(cluster.move_by_keys, slot, taking)
        await link.execute("RPUSH", KEYS[3], "here")
        assert await reading == [KEYS[3].encode(), b"here"]
    finally:
        await own.close()


async def test_a_cluster_that_nobody_answers_for_is_an_error(cluster: Cluster) -> None:
    nowhere = ClusterLink("redis://127.0.0.1:1?cluster=true", name="log")
    with pytest.raises(OSError, match=r"refused|failed"):
        await nowhere.start()
    with pytest.raises(NotSent):
        await nowhere.execute("GET", "key")


async def test_a_server_that_is_no_cluster_is_an_error(log_url: str) -> None:
    async with Proxy.before(log_url) as proxy:
        with pytest.raises(ResponseError, match="cluster"):
            await ClusterLink(f"{proxy.url}?cluster=true", name="log").start()


def test_where_a_redirection_leads() -> None:
    assert redirected("3999 10.0.0.1:6381", "old") == ("10.0.0.1", 6381)
    assert redirected("3999 :6381", "old") == ("old", 6381)
    assert redirected("3999 ::1:6381", "old") == ("::1", 6381)


def test_the_slot_of_a_command_is_its_keys() -> None:
    slot = key_slot(b"{1}:log")
    for command in (
        ("FCALL", "name", 1, "{1}:log", "argument"),
        ("XREADGROUP", "GROUP", "g", "me", "COUNT", 1, "STREAMS", "{1}:log", ">"),
        ("XREAD", "BLOCK", 1, "STREAMS", b"{1}:log", b"0-0"),
        ("XINFO", "GROUPS", "{1}:log"),
        ("XACK", "{1}:log", "g", b"1-0"),
    ):
        assert slot_of(command) == slot
    assert slot_of(("PING",)) is None
