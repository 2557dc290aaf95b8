"""A slow line: what waits arrives in small events, over as many connections as it takes."""

import msgpack

from schema.limits import EVENT_BYTES
from tests.support.house import House
from tests.support.people import Line, Person
from tests.support.proxy import Proxy
from tests.wire.conftest import Party

WAITING = 64
BODY = b"x" * 65_536
TIMES = {
    "relay.sockets.engine.PING_INTERVAL_SECONDS": 1,
    "relay.sockets.engine.PING_TIMEOUT_SECONDS": 1,
    "relay.sockets.pace.SLOW_SECONDS": 0.2,
    "relay.sockets.pace.QUICK_SECONDS": 0.05,
}
"""About twenty times shorter than a relay has them."""
RATE = 768 * 1024.0
"""Bytes a second: with those times, as slow a line as 32 KiB/s is otherwise."""


async def fill(party: Party, to: Person) -> None:
    """Sixty-four of the largest envelopes wait for somebody."""
    sender = await party.person()
    line = await party.line(sender)
    for _ in range(WAITING):
        assert (await line.send(to, BODY))["ok"]


def largest_event(line: Line) -> int:
    sizes = [len(msgpack.packb(payload)) for name, payload in line.events if name == "envelopes"]
    return max(sizes)


async def test_a_client_with_its_defaults_gets_everything_over_a_slow_line(
    house: House, party: Party
) -> None:
    bela = await party.person()
    await fill(party, bela)
    async with house.lone_node(TIMES) as node, Proxy.before(node.url) as proxy:
        proxy.rate = RATE
        at_bela = await party.line(bela, proxy.url)
        await at_bela.until_bodies(WAITING, seconds=60)
        await at_bela.until_event("caught_up")
        assert not any(name == "disconnect" for name, _ in at_bela.events)
        await at_bela.close()
    assert [envelope["seq"] for envelope in at_bela.envelopes] == list(range(1, WAITING + 1))
    assert largest_event(at_bela) <= EVENT_BYTES


async def test_the_cursor_advances_with_every_connection(house: House, party: Party) -> None:
    bela = await party.person()
    await fill(party, bela)
    begins = []
    async with house.lone_node(TIMES) as node, Proxy.before(node.url) as proxy:
        proxy.rate = RATE
        for _ in range(3):
            line = await party.line(bela, proxy.url)
            await line.until(lambda line=line: len(line.envelopes) >= 5)
            begins.append(line.envelopes[0]["seq"])
            proxy.cut()
            await line.until_event("disconnect")
            await line.close()
    assert begins[0] == 1
    assert begins[1] > begins[0]
    assert begins[2] > begins[1]


async def test_small_envelopes_share_events_and_none_is_too_large(house: House, party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna = await party.line(anna)
    for size in (60_000, 60_000, 10_000, 131_072 // 4, 1, 30_000):
        assert (await at_anna.send(bela, b"x" * size))["ok"]
    at_bela = await party.line(bela)
    await at_bela.until_event("caught_up")
    events = [payload for name, payload in at_bela.events if name == "envelopes"]
    assert [envelope["seq"] for event in events for envelope in event] == [1, 2, 3, 4, 5, 6]
    assert largest_event(at_bela) <= EVENT_BYTES
    assert len(events) < 6
