"""Everything is restarted in turn, under load: nothing is lost, doubled or out of order, all of it heals."""

import asyncio
import os
import signal

from tests.support.crowd import Crowd
from tests.support.house import House

ORDERLY = ("retention", "node-0", "pusher", "projector")
KILLED = ("rate-limiter", "pusher", "projector", "node-1")


async def test_each_process_and_server_is_restarted_under_load(house: House) -> None:
    urls = [house.url(number % 2) for number in range(6)]
    async with house.crowd(*urls, prekeys=3) as crowd, crowd.connected(), crowd.writing():
        for name in ORDERLY:
            await restarted(house, name, signal.SIGTERM)
            await crowd.goes_on(12)
        for name in KILLED:
            await restarted(house, name, signal.SIGKILL)
            await crowd.goes_on(12)
        for server in ("log", "board", "postgres"):
            await house.kill(server)
            await house.revive()
            await crowd.goes_on(12)
        await house.healed()
        await take_prekeys(crowd)
        await crowd.all_online()
    assert {end for chatter in crowd.chatters for end in chatter.ends} >= {"shutdown", "lost"}


async def restarted(house: House, name: str, number: signal.Signals) -> None:
    before = house.stack.pid(name)
    os.kill(before, number)
    await asyncio.to_thread(house.stack.wait_restarted, name, before)


async def take_prekeys(crowd: Crowd) -> None:
    """Some fetch each other's bundles: no one-time prekey comes twice."""
    for chatter in crowd.chatters:
        await chatter.fetch_bundle(crowd.chatters[0])
