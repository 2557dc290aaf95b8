"""A connection that became a socket gives back what its HTTP request took."""

import asyncio
import gc

from aiohttp import web

from tests.support.served_engine import Served
from tests.support.until import until


async def test_nothing_of_the_request_is_left_once_the_socket_is_served(served: Served) -> None:
    before = requests()
    sockets = [await served.open() for _ in range(3)]
    await until(lambda: len(served.engine.sockets) == 3)
    await until(lambda: requests() <= before)
    handlers = [task for task in asyncio.all_tasks() if "RequestHandler" in repr(task.get_coro())]
    assert handlers == [], "one task serves a socket"
    await sockets[0].send_bytes(b"still served")
    await until(lambda: served.frames == [b"still served"])


def requests() -> int:
    gc.collect()
    return sum(isinstance(one, web.Request) for one in gc.get_objects())
