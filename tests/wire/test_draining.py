"""A node that is asked to stop says goodbye; one that starts again lets everyone back in; metrics tell."""

import asyncio
import os
import signal
from collections.abc import Iterator

import aiohttp
import pytest
import socketio

from tests.support.people import Line
from tests.support.stack import Stack, data_folder, free_ports
from tests.support.until import until
from tests.wire.conftest import Party

PEOPLE = 25


@pytest.fixture(scope="module")
def measured() -> Iterator[Stack]:
    with data_folder() as data:
        running = Stack(data, SEALSTREAM_METRICS_PORT=str(free_ports(6))).start()
        yield running
        running.stop()


async def test_a_node_that_stops_tells_its_sockets_and_they_come_back_without_loss(measured: Stack) -> None:
    party = Party(measured.url())
    people = [await party.person() for _ in range(PEOPLE)]
    lines = [await party.line(person) for person in people]
    for line, to in zip(lines, people[1:] + people[:1], strict=True):
        assert (await line.send(to, b"before"))["ok"]
    before = measured.pid("node-0")
    os.kill(before, signal.SIGTERM)
    for line in lines:
        assert await line.until_event("session.ended") == {"reason": "shutdown"}
    measured.wait_restarted("node-0", before)
    again = await asyncio.gather(*(come_back(party, line) for line in lines))
    for line, to in zip(again, people[1:] + people[:1], strict=True):
        assert (await line.send(to, b"after"))["ok"]
    for first, second in zip(lines, again, strict=True):
        await second.until(
            lambda both=(first, second): len({e["seq"] for line in both for e in line.envelopes}) == 2
        )
        bodies = {
            envelope["seq"]: envelope["body"] for line in (first, second) for envelope in line.envelopes
        }
        assert bodies == {1: b"before", 2: b"after"}
    await party.close()


async def come_back(party: Party, line: Line) -> Line:
    """Reconnects as a client does, with pauses; a server's restart does not use up the connections."""
    for _ in range(100):
        newer = party.unopened(line.person)
        try:
            return await newer.open()
        except socketio.exceptions.ConnectionError:
            if newer.refusal is not None and isinstance(newer.refusal, dict) and "data" in newer.refusal:
                assert newer.refusal["data"]["code"] == "unavailable"
            await asyncio.sleep(0.2)
    raise AssertionError("never let in again")


async def test_metrics_count_what_happened(measured: Stack) -> None:
    party = Party(measured.url())
    anna, bela = await party.person(), await party.person()
    first = int(measured.settings["SEALSTREAM_METRICS_PORT"])
    async with aiohttp.ClientSession() as http:
        before = await until(lambda: without_sockets(http, first), seconds=10)
        at_anna, at_bela = await party.line(anna), await party.line(bela)
        await at_bela.until_event("caught_up")
        assert (await at_anna.send(bela, b"x"))["ok"]
        await at_bela.until_bodies(1)
        assert not (await at_anna.call("send", {}))["ok"]
        node = await metrics(http, first)
        refused = 'refusals_total{code="invalid",edge="socket"}'
        for name in ("accepts_total", "envelopes_pushed_total", refused):
            assert count(node, name) == count(before, name) + 1, name
        assert count(node, "sockets") == 2
        assert "sealstream_send_seconds_bucket" in node
        for wanted in (
            'group_lag{group="projector",partition="0"}',
            'group_pending{group="pusher",partition="0"}',
        ):
            async with asyncio.timeout(10):  # a worker looks at its group every second or so
                while wanted not in await workers_metrics(http, first + 1):  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
    await party.close()


async def without_sockets(http: aiohttp.ClientSession, port: int) -> str | None:
    """What a node counts that has noticed that everybody is gone."""
    counted = await metrics(http, port)
    return None if count(counted, "sockets") else counted


def count(text: str, name: str) -> float:
    """The value of one of our metrics; 0 when it was never counted."""
    found = [line for line in text.splitlines() if line.startswith(f"sealstream_{name} ")]
    return float(found[0].rsplit(" ", 1)[1]) if found else 0.0


async def metrics(http: aiohttp.ClientSession, port: int) -> str:
    """What one process counts."""
    async with http.get(f"http://127.0.0.1:{port}/metrics") as reply:
        assert reply.status == 200
        return await reply.text()


async def workers_metrics(http: aiohttp.ClientSession, first: int) -> str:
    """What the four workers count, together."""
    return "".join([await metrics(http, first + number) for number in range(4)])
