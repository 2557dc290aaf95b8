"""People talk through nodes whose log and board are one Valkey Cluster, also after a primary was away."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
import socketio

from tests.support.cluster import Cluster
from tests.support.people import Line, Person
from tests.support.quick import CHEAP
from tests.support.stack import Stack, data_folder
from tests.support.until import until
from tests.wire.conftest import Party

pytestmark = pytest.mark.slow
PARTITIONS = 4


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster.running() as running:
        yield running


@pytest.fixture(scope="module")
def clustered(cluster: Cluster) -> Iterator[Stack]:
    """Two nodes on the cluster."""
    with data_folder() as data:
        running = Stack(
            data, nodes=2, SEALSTREAM_LOG_URL=cluster.url, SEALSTREAM_BOARD_URL=cluster.url,
            SEALSTREAM_PARTITIONS=str(PARTITIONS), constants=CHEAP,
            # A test connects and sends until it works. Attempts that presence, or the log, refuses count; who
            # goes on over a limit is kept out for a minute.
            SEALSTREAM_CONNECTIONS_PER_MINUTE="10000", SEALSTREAM_MESSAGES_PER_MINUTE="10000",
        ).start()  # fmt: skip
        yield running
        running.stop()


@pytest.fixture
async def party(clustered: Stack) -> AsyncIterator[Party]:
    gathered = Party(clustered.url())
    yield gathered
    await gathered.close()


def said(clustered: Stack, slug: str) -> bool:
    return any(slug in clustered.logs()[f"node-{number}"] for number in range(2))


async def test_two_people_talk_over_nodes_on_a_cluster(party: Party, clustered: Stack) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna, at_bela = await party.line(anna), await party.line(bela, clustered.url(1))
    await at_anna.call("presence.watch", {"users": [bela.user_id]})
    watching = await at_bela.call("presence.watch", {"users": [anna.user_id]})
    assert watching["online"] == [anna.user_id]
    assert await at_anna.until_event("presence") == {"user_id": bela.user_id, "online": True}
    for number in range(5):
        assert (await at_anna.send(bela, f"over {number}".encode()))["ok"]
        assert (await at_bela.send(anna, f"back {number}".encode()))["ok"]
    assert await at_bela.until_bodies(5) == [f"over {number}".encode() for number in range(5)]
    assert await at_anna.until_bodies(5) == [f"back {number}".encode() for number in range(5)]
    typing = {"to": bela.user_id, "envelopes": [{"device_id": bela.device_id, "body": b"typing"}]}
    assert (await at_anna.call("ephemeral", typing))["ok"]
    assert (await at_bela.until_event("ephemeral"))["body"] == b"typing"
    await at_bela.close()
    assert (await at_anna.send(bela, b"while away"))["ok"]
    again = await party.line(bela)
    assert await again.until_bodies(1) == [b"while away"]
    assert (await again.until_event("caught_up"))["head"] == 6
    assert not said(clustered, "loop_ended")
    assert not said(clustered, "inbox_entries_lost")


async def test_primaries_that_were_away_end_no_node(party: Party, clustered: Stack, cluster: Cluster) -> None:
    anna, bela = await party.person(), await party.person()
    await party.line(anna)
    before = [clustered.pid(f"node-{number}") for number in range(2)]

    async def line(person: Person, url: str) -> Line | None:
        try:
            return await party.line(person, url)
        except socketio.exceptions.ConnectionError:
            return None

    async def is_down(url: str) -> bool:
        async with aiohttp.request("GET", f"{url}/readyz") as answer:
            return bool(answer.status == 503)

    async def accepted() -> bool:
        at_anna = await line(anna, clustered.url())
        if at_anna is None:
            return False
        try:
            return bool((await at_anna.send(bela, b"again"))["ok"])
        except socketio.exceptions.BadNamespaceError:  # ended: the other primary was not there yet
            return False

    for away in ([0], [1], [0, 1]):
        for number in away:
            await asyncio.to_thread(cluster.kill, number)
        for url in (clustered.url(0), clustered.url(1)):
            await until(lambda url=url: is_down(url), seconds=40)
        for number in away:
            cluster.revive(number)
        await until(accepted, seconds=40)
    at_bela = await until(lambda: line(bela, clustered.url(1)), seconds=40)
    await at_bela.until_bodies(2)
    assert [clustered.pid(f"node-{number}") for number in range(2)] == before
    assert not said(clustered, "loop_ended")
