"""A node restarts and everybody comes back: all are online again, nothing is lost, nobody is locked out.

Sixty sockets here, or as many as `STORM_SOCKETS` says; `python -m ops.load.storm` tells times, CPU and
memory.
"""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable

from tests.support.house import House

SOCKETS = int(os.environ.get("STORM_SOCKETS", "60"))
RESTARTS = (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL)
"""Within a minute: with the first connection, four of the ten that a user has in one."""


async def test_all_come_back_after_each_restart_and_nobody_is_locked_out(
    house: House, record_property: Callable[[str, object], None]
) -> None:
    async with house.crowd(*[house.url(1)] * SOCKETS) as crowd:
        async with crowd.connected(), crowd.writing(writers=10):
            for number in RESTARTS:
                before = house.stack.pid("node-1")
                os.kill(before, number)
                await asyncio.to_thread(house.stack.wait_restarted, "node-1", before)
                await crowd.all_online()
        connections = [chatter.connections for chatter in crowd.chatters]
        refusals: Counter[str] = sum((chatter.refusals for chatter in crowd.chatters), Counter())
    record_property("most_connections_of_one_user", max(connections))
    record_property("refused_at_the_door", dict(refusals))
    assert min(connections) == 1 + len(RESTARTS)
    assert refusals["rate_limited"] == 0
    assert sum(chatter.ends["shutdown"] for chatter in crowd.chatters) == SOCKETS
