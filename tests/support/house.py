"""A messenger that tests do their worst to: two nodes and all workers under their supervisor, on servers of
its own that a test may kill, freeze, fill and cut off."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import aiohttp
from redis.asyncio import Redis

from ops.migrate import migrate
from tests.servers import Servers
from tests.support.checker import violations
from tests.support.crowd import Crowd
from tests.support.evidence import gather
from tests.support.history import History
from tests.support.lone_node import LoneNode, until_ready
from tests.support.stack import Stack, data_folder, frozen
from tests.support.until import until

NODES: Final = 2
PARTITIONS: Final = 4


class House:
    """Limits per user are the defaults, but for the number of messages."""

    def __init__(self, servers: Servers, stack: Stack) -> None:
        self.servers = servers
        self.stack = stack

    @classmethod
    @contextmanager
    def running(cls) -> Iterator["House"]:
        """Starts everything, and ends it."""
        with data_folder() as servers_at, data_folder() as stack_at:
            servers = Servers(servers_at)
            try:
                migrate(servers.database_url())
                stack = Stack(stack_at, nodes=NODES, **cls.settings(servers))
                stack.start()
                yield cls(servers, stack)
                servers.revive()
                stack.stop()
            finally:
                servers.close()

    @staticmethod
    def settings(servers: Servers, **other: str) -> dict[str, str]:
        """Where a process of this house finds everything."""
        return {
            "SEALSTREAM_LOG_URL": servers.log_url,
            "SEALSTREAM_BOARD_URL": servers.board_url,
            "SEALSTREAM_DATABASE_URL": servers.database_url(),
            "SEALSTREAM_PARTITIONS": str(PARTITIONS),
            "SEALSTREAM_MESSAGES_PER_MINUTE": "100000",
            "SEALSTREAM_BYTES_PER_MINUTE": "2147483648",
            "SEALSTREAM_LOG_FORMAT": "json",
            **other,
        }

    def url(self, node: int = 0) -> str:
        return self.stack.url(node)

    def lone_node(
        self, times: dict[str, float] | None = None, open_files: int | None = None, **settings: str
    ) -> LoneNode:
        """One more node of this house."""
        shared = {
            "SEALSTREAM_DATA": str(self.stack.data),
            "SEALSTREAM_SECRET_FILE": str(self.stack.data / "secret.key"),
        }
        return LoneNode(times, open_files, **{**self.stack.settings, **shared, **settings})

    async def kill(self, server: str) -> None:
        """`kill -9` of the log, the board or Postgres."""
        await asyncio.to_thread(self.servers.kill, server)

    async def revive(self) -> None:
        """What was killed runs again, and answers; the clients go on meanwhile."""
        self.servers.start_missing()
        await until(lambda: asyncio.to_thread(self.servers.answer), seconds=60)

    @contextmanager
    def frozen(self, server: str) -> Iterator[None]:
        """A server stands still (SIGSTOP) meanwhile."""
        with frozen(self.servers.pid(server)):
            yield

    async def healed(self) -> None:
        """Everything runs, and both nodes say so."""
        await self.revive()
        for node in range(NODES):
            await until_ready(self.url(node))

    @asynccontextmanager
    async def crowd(self, *urls: str, prekeys: int = 0) -> AsyncIterator[Crowd]:
        """One registered member per address, not yet online. At the end, if all went well, the checker looks
        at everything."""
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            crowd = await Crowd.gather(http, list(urls), prekeys=prekeys)
            yield crowd
        await self.check(crowd.history)

    async def check(self, history: History) -> None:
        """Asserts that the checker has nothing to say."""
        evidence = await gather(self.servers.log_url, self.servers.database_url(), PARTITIONS)
        found = violations(history, evidence)
        assert not found, "\n".join(found[:20])

    @asynccontextmanager
    async def client(self, server: str) -> "AsyncIterator[Redis]":
        """A client of the log or the board."""
        url = self.servers.log_url if server == "log" else self.servers.board_url
        async with Redis.from_url(url) as client:
            yield client
