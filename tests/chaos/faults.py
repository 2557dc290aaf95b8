"""Doing to a deployment what a plan says. Each fault ends by itself; faults of different targets overlap."""

import asyncio
import random
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack
from typing import Final

from tests.chaos.deployment import SERVERS, Deployment
from tests.chaos.plan import (
    AWAY,
    BLACKOUT,
    CLIENTS,
    CUT,
    DELAY,
    END,
    FREEZE,
    HALF_OPEN,
    KILL,
    OF_PROXIES,
    SLOW_FSYNC,
    Fault,
)
from tests.chaos.traffic import Traffic

AT_ONCE: Final = 3
"""Faults; the next one waits for the end of another."""
FSYNC_MICROSECONDS: Final = 20_000
DELAY_SECONDS: Final = 0.03
SHARE_OF_CLIENTS: Final = 3
LOOK_SECONDS: Final = 0.01


class Faults:
    """`begun` has what was begun, with the number of messages accepted until then."""

    def __init__(
        self, deployment: Deployment, traffic: Traffic, seed: int, tell: Callable[[str], None]
    ) -> None:
        self.begun: list[tuple[int, Fault]] = []
        self._deployment = deployment
        self._traffic = traffic
        self._chance = random.Random(f"choices {seed}")
        self._tell = tell
        self._began = time.monotonic()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._targets: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def run(self, plan: Iterator[Fault]) -> None:
        """Until the traffic is through; returns when all has healed."""
        async with asyncio.TaskGroup() as group:
            at = 0
            for fault in plan:
                at += fault.after
                while self._traffic.accepted() < at and not self._traffic.is_through():  # noqa: ASYNC110 - polled
                    await asyncio.sleep(LOOK_SECONDS)
                await self._room.acquire()
                if self._traffic.is_through():
                    return
                at = max(at, self._traffic.accepted())
                group.create_task(self._one(fault))

    async def _one(self, fault: Fault) -> None:
        try:
            async with AsyncExitStack() as stack:
                for name in sorted(self._touched(fault)):
                    await stack.enter_async_context(self._targets[name])
                self.begun.append((self._traffic.accepted(), fault))
                seconds = time.monotonic() - self._began
                self._tell(f"{seconds:6.1f} s {self._traffic.accepted():>9,}  {fault}")
                await self._do(fault)
        finally:
            self._room.release()

    def _touched(self, fault: Fault) -> list[str]:
        """What no other fault may touch meanwhile."""
        if fault.kind == BLACKOUT:
            return [*self._deployment.names(), *SERVERS]
        return [f"network {fault.target}" if fault.kind in OF_PROXIES else fault.target]

    async def _do(self, fault: Fault) -> None:
        if fault.kind in OF_PROXIES:
            await self._network(fault)
        elif fault.kind == KILL:
            await self._kill(fault)
        elif fault.kind == FREEZE:
            with self._frozen(fault.target):
                await asyncio.sleep(fault.seconds)
        elif fault.kind == END:
            await self._end(fault)
        elif fault.kind == SLOW_FSYNC:
            await self._deployment.slow_fsync(FSYNC_MICROSECONDS)
            await asyncio.sleep(fault.seconds)
            await self._deployment.slow_fsync(0)
        elif fault.kind == CLIENTS:
            await self._clients(fault.seconds)
        else:
            await self._blackout(fault.seconds)

    async def _kill(self, fault: Fault) -> None:
        if fault.target in SERVERS:
            await self._deployment.kill_server(fault.target)
            await asyncio.sleep(fault.seconds)
            await self._deployment.start_server(fault.target)
        else:
            self._deployment.kill(fault.target)
            await asyncio.sleep(fault.seconds)
            self._deployment.start(fault.target)

    async def _end(self, fault: Fault) -> None:
        """A process that has only begun takes no signals yet: that one ends it at once."""
        target = fault.target
        orderly = {0} if self._deployment.came_up(target) else {0, -signal.SIGTERM}
        status = await asyncio.to_thread(self._deployment.end, target)
        if status not in orderly:
            self._deployment.ends.append((target, status))
        await asyncio.sleep(fault.seconds)
        self._deployment.start(target)

    def _frozen(self, target: str) -> AbstractContextManager[None]:
        if target in SERVERS:
            return self._deployment.frozen_server(target)
        return self._deployment.frozen(target)

    async def _network(self, fault: Fault) -> None:
        """What happens between the second of each process and one server."""
        proxy = self._deployment.proxies[fault.target]
        if fault.kind == AWAY:
            proxy.away = True
        if fault.kind in {CUT, AWAY}:
            proxy.cut()
        elif fault.kind == DELAY:
            proxy.delay = DELAY_SECONDS
        elif fault.kind == HALF_OPEN:
            proxy.half_open()
        else:
            proxy.stall()
        await asyncio.sleep(fault.seconds)
        proxy.mend()

    async def _clients(self, seconds: float) -> None:
        """Some lose their connection, and some of these are away for a while."""
        members = self._traffic.members
        chosen = self._chance.sample(members, len(members) // SHARE_OF_CLIENTS)
        for number, member in enumerate(chosen):
            member.lose(seconds if number % 2 else 0.0)
        await asyncio.sleep(seconds)

    async def _blackout(self, seconds: float) -> None:
        """The power fails: all processes and servers die within a moment."""
        everything = self._deployment.names()
        for name in everything:
            self._deployment.kill(name)
        for name in SERVERS:
            await self._deployment.kill_server(name)
        await asyncio.sleep(seconds)
        for name in everything:
            self._deployment.start(name)  # before the servers: they must wait for these
        for name in SERVERS:
            await self._deployment.start_server(name)
