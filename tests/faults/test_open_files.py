"""A node that may open few files, and more connections than that which only wait."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress

import aiohttp

from schema import tasks
from tests.support.house import House
from tests.support.until import until
from tests.wire.conftest import Party

OPEN_FILES = 256
IDLE = 300
UPGRADE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


async def test_threat_23_idle_connections_keep_neither_others_out_nor_the_node_from_its_board(
    house: House, party: Party
) -> None:
    async with AsyncExitStack() as stack:
        node = await stack.enter_async_context(house.lone_node(open_files=OPEN_FILES))
        anna, bela = await party.person(), await party.person()
        at_anna = await party.line(anna, node.url)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        flood = asyncio.create_task(_flood(node.url))
        stack.push_async_callback(tasks.end, [flood])

        async def answers() -> bool:
            """Asks again when the flood, which connects 600 times a second, closed the connection before a
            busy machine had sent the question: until then it only waits, too."""
            async with asyncio.timeout(10):
                while True:
                    with suppress(aiohttp.ClientConnectionError):
                        async with http.get(f"{node.url}/readyz", headers={"Connection": "close"}) as answer:
                            return answer.status == 200

        for _ in range(5):
            assert await answers()
            assert (await at_anna.send(bela, b"meanwhile"))["ok"]
        await house.kill("board")
        await until(lambda: _is_not(answers))
        await house.revive()
        await until(answers)

        async def sends() -> bool:
            return bool((await at_anna.send(bela, b"afterwards"))["ok"])

        await until(sends)


async def _is_not(answers: Callable[[], Awaitable[bool]]) -> bool:
    return not await answers()


async def _flood(url: str) -> None:
    """Half of them say nothing, half are sockets that never authenticate; the node may close any."""
    host, port = url.removeprefix("http://").split(":")

    async def idle(number: int) -> None:
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection(host, int(port))
                try:
                    writer.write(UPGRADE if number % 2 else b"")
                    while await reader.read(4096):
                        pass
                finally:
                    writer.transport.abort()
            await asyncio.sleep(0.5)

    await asyncio.gather(*(idle(number) for number in range(IDLE)))
