"""Sharing partitions out among the workers of a group, as workers come and go.

Every worker sees the same list of living workers on the board and takes every n-th partition. It gives
a partition back when that is no longer its own, and the next one takes it once the lease is free. One call
per tick renews a worker's membership and all its leases: a lease lasts as long as its holder is heard of.

A lease keeps order cheap, not correct: a holder that froze may wake up later than it thinks, and what it
then commits is refused by the checkpoint. So a lease can be short, and a take-over quick.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import msgspec
import structlog

from schema import functions, keys
from schema.failures import AWAY, slug
from workers import metrics

log = structlog.get_logger(__name__)

Work = Callable[[int, asyncio.Event], Awaitable[None]]
"""Works on a partition until the event is set, or until it finds that another has taken over."""


def share(partitions: int, members: list[str], me: str) -> set[int]:
    """The partitions that are `me`'s among `members`: all of them together cover each exactly once."""
    if me not in members:
        return set()
    place = sorted(members).index(me)
    return set(range(place, partitions, len(members)))


class _Held(msgspec.Struct):
    stopping: asyncio.Event
    task: "asyncio.Task[None]"


class Sharing:
    """Keeps `work` running on this worker's share of the partitions.

    With `goes_on_alone` it goes on while the board is away, also without a lease. Another worker that still
    reaches the board may take the partition over meanwhile: the work itself must notice (`Superseded`)."""

    def __init__(
        self,
        board: Any,
        group: str,
        partitions: int,
        worker: str,
        work: Work,
        *,
        lease_seconds: float,
        tick_seconds: float,
        goes_on_alone: bool = False,
    ) -> None:
        self._board = board
        self._group = group
        self._partitions = partitions
        self._worker = worker
        self._work = work
        self._lease_seconds = lease_seconds
        self._tick_seconds = tick_seconds
        self._goes_on_alone = goes_on_alone
        self._held: dict[int, _Held] = {}
        self._renewed_at = 0.0

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`; then finishes the batches in hand and gives everything back."""
        away = False
        while not stopping.is_set():
            try:
                await self._tick()
                away = False
            except AWAY as error:
                if not away:
                    log.warning("board_away", group=self._group, error=slug(error))
                away = True
                self._drop_overdue()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._tick_seconds):
                    await stopping.wait()
        await self._leave()

    async def _tick(self) -> None:
        for partition, held in list(self._held.items()):
            if held.task.done():
                await self._finish(partition)
        mine: set[int] = set()
        while True:
            members, holding = await self._hold(asked := mine | self._held.keys())
            mine = share(self._partitions, members, self._worker)
            if mine <= asked:
                break
        self._renewed_at = time.monotonic()
        for partition, held in self._held.items():
            if partition not in holding and not held.stopping.is_set():
                log.warning("lease_lost", group=self._group, partition=partition)
            if partition not in holding & mine:
                held.stopping.set()
        for partition in sorted(holding & mine - self._held.keys()):
            self._begin(partition)
        metrics.OWNED.labels(self._group).set(len(self._held))

    async def _hold(self, wanted: set[int]) -> tuple[list[str], set[int]]:
        """The living workers, and those of the wanted partitions that this one holds."""
        names = [keys.members(self._group), keys.leases(self._group)]
        arguments = [self._worker, int(self._lease_seconds * 1000), *sorted(wanted)]
        members, holding = await functions.call(self._board, "workers", "hold", names, arguments)
        return [member.decode() for member in members], {int(partition) for partition in holding}

    def _begin(self, partition: int) -> None:
        stopping = asyncio.Event()
        task = asyncio.create_task(self._guarded(partition, stopping), name=f"{self._group}-{partition}")
        self._held[partition] = _Held(stopping, task)
        log.info("partition_taken", group=self._group, partition=partition)

    async def _guarded(self, partition: int, stopping: asyncio.Event) -> None:
        """A bug ends the work on the partition, loudly; it is begun anew at one of the next ticks."""
        try:
            await self._work(partition, stopping)
        except Exception:
            log.exception("work_failed", group=self._group, partition=partition)

    def _drop_overdue(self) -> None:
        """Leases that could not be renewed in their time are lost, even if nobody can say so."""
        if self._goes_on_alone or time.monotonic() - self._renewed_at <= self._lease_seconds:
            return
        for held in self._held.values():
            held.stopping.set()

    async def _finish(self, partition: int) -> None:
        await self._held.pop(partition).task
        log.info("partition_given_back", group=self._group, partition=partition)

    async def _leave(self) -> None:
        for held in self._held.values():
            held.stopping.set()
        await asyncio.gather(*(self._finish(partition) for partition in list(self._held)))
        with suppress(*AWAY):
            await self._hold(set())
            await self._board.zrem(keys.members(self._group), self._worker)
