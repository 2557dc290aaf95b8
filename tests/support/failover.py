"""A failover of the log: a second server takes over, and the first becomes its replica."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from redis.asyncio import Redis

from tests.support.stack import free_ports
from tests.support.until import until


class Pair:
    """Two servers: the log, and one that can take over from it."""

    def __init__(self, first_url: str, second_url: str) -> None:
        self.second_url = second_url
        self._clients = Redis.from_url(first_url), Redis.from_url(second_url)
        self._ports = free_ports(2)

    @classmethod
    @asynccontextmanager
    async def of(cls, first_url: str, second_url: str) -> AsyncIterator[Self]:
        """Two empty servers, and empty primaries again at the end."""
        pair = cls(first_url, second_url)
        await pair._begin()
        yield pair
        await pair._end()

    async def _begin(self) -> None:
        for number, client in enumerate(self._clients):
            await client.config_set("port", self._ports + number)
            await client.config_set("repl-diskless-sync-delay", 0)
            await client.config_set("rdb-del-sync-files", "yes")  # the board would start with it again

    async def fail_over(self) -> None:
        """The second takes over with all data, and the first becomes its replica."""
        first, second = self._clients
        await self._follow(second, self._ports)
        await second.execute_command("REPLICAOF", "NO", "ONE")
        await self._follow(first, self._ports + 1)

    async def cut_off(self) -> None:
        """The first becomes a replica that lost its primary, and says so (MASTERDOWN)."""
        first, _ = self._clients
        await first.config_set("replica-serve-stale-data", "no")
        await first.execute_command("REPLICAOF", "127.0.0.1", free_ports(1))

    async def _end(self) -> None:
        await self._clients[0].config_set("replica-serve-stale-data", "yes")
        for client in self._clients:
            await client.execute_command("REPLICAOF", "NO", "ONE")
            await client.flushall()
            await client.config_set("port", 0)
            await client.aclose()

    async def _follow(self, client: "Redis", port: int) -> None:
        await client.execute_command("REPLICAOF", "127.0.0.1", port)

        async def is_in_step() -> bool:
            return bool((await client.info("replication"))["master_link_status"] == "up")

        await until(is_in_step, seconds=30)
