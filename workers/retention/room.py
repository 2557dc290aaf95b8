"""Room in the log's memory: above half of it, the oldest entries that all have read leave.

Invariant: it trims through `Trimmer` alone, so nothing goes that somebody still has to read or that the
archive does not have. It works in steps of one segment and asks for the memory again after each.
Where it cannot make room, it logs a warning with numbers long before sends are refused (at 80 %).
"""

import asyncio
import time
from contextlib import suppress
from typing import Any, Final

import msgspec
import structlog
from redis.asyncio.cluster import RedisCluster

from schema import keys
from schema.failures import AWAY, slug
from schema.positions import Position
from workers import metrics
from workers.archive.header import Changed
from workers.archive.store import StoreAway
from workers.retention.boundary import ReaderMissing, boundary
from workers.retention.trimming import Trimmer, refused

log = structlog.get_logger(__name__)

BEGIN_SHARE: Final = 0.5
"""Of `maxmemory`: above it, entries leave before their thirty days are over …"""
END_SHARE: Final = 0.45
"""… until this is reached, so that segments are large."""
WARN_SHARE: Final = 0.65
"""Above it the operator is warned; at 0.8 nodes refuse sends (`relay.admission.pressure`)."""
LOOK_SECONDS: Final = 1.0
REST_SECONDS: Final = 60.0
"""A partition that gave all it could rests this long below WARN_SHARE: where other memory holds the log above
half, every second would write a segment of a few entries."""
SAY_SECONDS: Final = 60.0
"""A warning that still holds is repeated this often."""
MEBIBYTE: Final = 1024 * 1024


class Memory(msgspec.Struct, frozen=True):
    """Of one server: bytes used, and how many it may use (0: no limit)."""

    used: int
    most: int

    @property
    def share(self) -> float:
        """Between 0 and 1; 0 where there is no limit."""
        return self.used / self.most if self.most else 0.0


class Room:
    """Makes room on every server of the log. One per retention worker."""

    def __init__(self, log_client: Any, partitions: int, trimmer: Trimmer) -> None:
        self._log = log_client
        self._partitions = partitions
        self._trimmer = trimmer
        self._said: dict[str, float] = {}
        self._drained: dict[int, float] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Looks every second until `stopping`."""
        while not stopping.is_set():
            try:
                await self.make(stopping)
            except AWAY as error:
                log.warning("retention_waits", step="room", error=slug(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await stopping.wait()

    async def make(self, stopping: asyncio.Event) -> int:
        """Trims where the memory is above half; how many entries went."""
        trimmed = 0
        for server, memory in (await memories(self._log)).items():
            metrics.LOG_MEMORY.labels(server).set(memory.share)
            if memory.share > BEGIN_SHARE:
                trimmed += await self._make(server, memory, stopping)
        return trimmed

    async def _make(self, server: str, before: Memory, stopping: asyncio.Event) -> int:
        projected = await self._trimmer.projected()
        partitions = self._partitions_of(server)
        rested = time.monotonic() - REST_SECONDS if before.share <= WARN_SHARE else float("inf")
        ready = [number for number in partitions if self._drained.get(number, float("-inf")) < rested]
        oldest = {partition: await self._first(partition) for partition in ready}
        limits: dict[int, Position] = {}
        memory, trimmed = before, 0
        while memory.share > END_SHARE and not stopping.is_set():
            left = [(first, partition) for partition, first in oldest.items() if first is not None]
            if not left:
                break
            _, partition = min(left)
            try:
                if partition not in limits:  # it only moves forward: an older one is as safe
                    limits[partition] = await boundary(self._log, partition, projected)
                count = await self._trimmer.trim_oldest(partition, limits[partition])
            except (ReaderMissing, Changed, StoreAway) as error:
                refused(partition, error)
                count = 0
            trimmed += count
            oldest[partition] = await self._first(partition) if count else None
            if oldest[partition] is None:
                self._drained[partition] = time.monotonic()
            memory = (await memories(self._log)).get(server, memory)
        metrics.LOG_MEMORY.labels(server).set(memory.share)
        if trimmed and self._trimmer.archivist is None:
            self._say("log_trimmed_without_archive", server, memory, entries=trimmed)
        if memory.share > WARN_SHARE:
            left = sum([await self._log.xlen(keys.log(partition)) for partition in partitions])
            self._say("log_memory_short", server, memory, entries_left=left, trimmed=trimmed)
        return trimmed

    async def _first(self, partition: int) -> Position | None:
        """Where the partition's log begins; None when it is empty."""
        rows = await self._log.xrange(keys.log(partition), count=1)
        return Position.parse(rows[0][0]) if rows else None

    def _partitions_of(self, server: str) -> list[int]:
        every = range(self._partitions)
        if not isinstance(self._log, RedisCluster):
            return list(every)
        homes = {number: self._log.get_node_from_key(keys.log(number)) for number in every}
        return [number for number, home in homes.items() if home is not None and home.name == server]

    def _say(self, event: str, server: str, memory: Memory, **numbers: int) -> None:
        now = time.monotonic()
        if now - self._said.get(event + server, float("-inf")) < SAY_SECONDS:
            return
        self._said[event + server] = now
        used, most = memory.used // MEBIBYTE, memory.most // MEBIBYTE
        log.warning(event, share=round(memory.share, 2), used_mib=used, of_mib=most, **numbers)


async def memories(log_client: Any) -> dict[str, Memory]:
    """Of each server that holds the log: `log`, or each primary of a cluster by its name."""
    arguments = {"target_nodes": RedisCluster.PRIMARIES} if isinstance(log_client, RedisCluster) else {}
    reply = await log_client.info("memory", **arguments)
    servers = {"log": reply} if "used_memory" in reply else reply
    return {name: Memory(int(row["used_memory"]), int(row["maxmemory"])) for name, row in servers.items()}
