"""A reader that stops reading costs the node a bounded amount of memory, whatever is sent to it."""

import asyncio
from collections.abc import Callable

import aiohttp
import msgpack
import psutil

from tests.support.house import House
from tests.support.people import Line, Person
from tests.wire.conftest import Party

BODY = b"x" * 60_000
MIB = 1024 * 1024


async def test_threat_12_memory_stays_flat_while_a_reader_does_not_read(
    house: House, party: Party, record_property: Callable[[str, object], None]
) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna = await party.line(anna)
    address = house.url().replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    node = psutil.Process(house.stack.pid("node-0"))
    async with aiohttp.ClientSession(read_bufsize=4096) as http, http.ws_connect(address) as stalled:
        token = bela.session["access_token"]
        await stalled.receive()
        await stalled.send_bytes(msgpack.packb({"type": 0, "data": {"token": token}, "nsp": "/"}))
        await stalled.receive()
        transport = stalled._response.connection.transport  # type: ignore[union-attr]
        transport.pause_reading()
        await send(at_anna, bela, 150)  # what may be in flight is in flight now, and more waits
        before = node.memory_info().rss
        await send(at_anna, bela, 400)
        grown = node.memory_info().rss - before
        transport.resume_reading()
    record_property("grown_bytes_after_24_megabytes_unread", grown)
    assert grown < 12 * MIB
    at_bela = await party.line(bela)
    await at_bela.until_bodies(550, seconds=60)
    assert [envelope["seq"] for envelope in at_bela.envelopes] == list(range(1, 551))


async def send(line: Line, to: Person, count: int) -> None:
    for _ in range(count // 10):
        answers = await asyncio.gather(*(line.send(to, BODY) for _ in range(10)))
        assert all(answer["ok"] for answer in answers)
