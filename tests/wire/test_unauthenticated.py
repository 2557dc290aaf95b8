"""Sockets without a token: they end at once, and nobody else notices them."""

import aiohttp
import msgpack

from tests.wire.conftest import Party

NESTED = msgpack.packb({"type": 3, "nsp": "/", "data": [[]] * 900_000})


async def test_threat_13_strangers_that_send_large_packets_end_before_these_are_decoded(party: Party) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna, at_bela = await party.line(anna), await party.line(bela)
    address = party.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as http:
        sockets = [await http.ws_connect(address) for _ in range(20)]
        for socket in sockets:
            await socket.receive()
        for number, socket in enumerate(sockets):
            try:
                await socket.send_bytes(NESTED)
                ended = await socket.receive()
            except (ConnectionError, aiohttp.ClientError):
                continue  # it ended in the middle of the frame
            assert ended.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
            assert (await at_anna.send(bela, b"%d" % number))["ok"]
    assert (await at_anna.send(bela, b"the last"))["ok"]
    await at_bela.until(lambda: at_bela.envelopes and at_bela.envelopes[-1]["body"] == b"the last")


async def test_an_event_before_connect_ends_the_socket(party: Party) -> None:
    address = party.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as http, http.ws_connect(address) as socket:
        await socket.receive()
        await socket.send_bytes(msgpack.packb({"type": 2, "nsp": "/", "data": ["ack", {"upto": 1}]}))
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSED
