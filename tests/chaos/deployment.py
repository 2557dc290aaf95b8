"""Two nodes and two of each worker on servers of their own; every process and every server can be killed,
frozen and cut off.

The second of each (`node-1`, `projector-1`, …) reaches the servers through proxies, so that it can be cut off
alone. A process that ends by itself is started again, as systemd does, and its exit status is kept."""

import asyncio
import secrets
import shutil
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from ops.embedded import postgres, valkey
from ops.migrate import migrate
from schema import tasks
from tests.servers import Servers
from tests.support.fleet import NODES, PARTITIONS, Environment, Fleet
from tests.support.lone_node import until_ready
from tests.support.proxy import Proxy
from tests.support.quick import QUICK
from tests.support.stack import ROOMY, clean_environment, data_folder, frozen
from tests.support.until import until

LOG_MEMORY_MB: Final = 512
"""So little that the archive takes part after some 200,000 messages, and so much that the log keeps all of a
round until it is checked."""
WATCH_SECONDS: Final = 0.2
HEALED_SECONDS: Final = 120.0
BUGS: Final = frozenset(
    {"loop_ended", "work_failed", "http_bug", "mailbox_call_failed", "right_missing", "entry_quarantined"}
)
"""Slugs that no outage explains."""
SERVERS: Final = (valkey.LOG, valkey.BOARD, postgres.NAME)
VARIABLES: Final = dict(
    zip(SERVERS, ("SEALSTREAM_LOG_URL", "SEALSTREAM_BOARD_URL", "SEALSTREAM_DATABASE_URL"), strict=True)
)


class Deployment(Fleet):
    """`ends` are the exit statuses of processes that nobody ended; `proxies` are by server."""

    constants = QUICK

    def __init__(self, data: Path, servers: Servers, keeper: ThreadPoolExecutor) -> None:
        self.data = data
        self.servers = servers
        self.proxies: dict[str, Proxy] = {}
        self.ends: list[tuple[str, int]] = []
        self._keeper = keeper
        self._ending = False
        (data / "logs").mkdir(parents=True)
        super().__init__(data / "logs")

    @classmethod
    @asynccontextmanager
    async def running(cls, keep: Path | None = None) -> AsyncIterator[Self]:
        """Everything, started and ready. When an exception ends it, the logs are copied to `keep`."""
        async with AsyncExitStack() as stack:
            # Linux ends a server with the *thread* that started it.
            keeper = stack.enter_context(ThreadPoolExecutor(1, "servers"))
            data, servers_at = (stack.enter_context(data_folder()) for _ in range(2))
            start = partial(
                Servers, servers_at, memory_mb=LOG_MEMORY_MB, log_options=("--enable-debug-command", "local")
            )
            servers = await asyncio.get_running_loop().run_in_executor(keeper, start)
            deployment = cls(data, servers, keeper)
            stack.push_async_callback(deployment._in_keeper, servers.close)
            await asyncio.to_thread(migrate, servers.database_url())
            (data / "secret.key").write_bytes(b64encode(secrets.token_bytes(32)))
            (data / "secret.key").chmod(0o600)
            for name in SERVERS:
                proxy = await stack.enter_async_context(Proxy.before(deployment._address(name)))
                deployment.proxies[name] = proxy
            if keep is not None:
                stack.push(partial(deployment._keep, keep))
            stack.callback(deployment.kill_all)
            for name in deployment.names():
                deployment.start(name)
            await until(deployment.is_up, seconds=60)
            watching = asyncio.create_task(deployment._watch())
            stack.push_async_callback(tasks.end, [watching])
            yield deployment

    def environment(self, role: str, name: str = "") -> Environment:  # noqa: ARG002
        """All processes are the administrator here; `name` decides how it reaches the servers."""
        proxied = name.endswith("-1")
        urls = {VARIABLES[server]: self._url(server, proxied=proxied) for server in SERVERS}
        return clean_environment(
            **ROOMY,
            **urls,
            SEALSTREAM_PORT=str(self._port),
            SEALSTREAM_NODES=str(NODES),
            SEALSTREAM_DATA=str(self.data),
            SEALSTREAM_PARTITIONS=str(PARTITIONS),
            SEALSTREAM_LOG_FORMAT="json",
            SEALSTREAM_MESSAGES_PER_MINUTE="10000000",
            SEALSTREAM_BYTES_PER_MINUTE="2147483648",
            SEALSTREAM_CONNECTIONS_PER_MINUTE="10000",
        )

    def urls(self) -> list[str]:
        """The addresses of the nodes."""
        return [self.url(node) for node in range(NODES)]

    async def kill_server(self, name: str) -> None:
        """`kill -9`, forked processes included."""
        await self._in_keeper(self.servers.kill, name)

    async def start_server(self, name: str) -> None:
        """Starts it and waits until it answers."""
        await self._in_keeper(self.servers.start, name)
        await until(lambda: self._in_keeper(self.servers.answers, name), seconds=HEALED_SECONDS)

    @contextmanager
    def frozen_server(self, name: str) -> Any:
        """A server stands still (SIGSTOP) meanwhile."""
        with frozen(self.servers.pid(name)):
            yield

    async def slow_fsync(self, microseconds: int) -> None:
        """The log sleeps so long before each write and fsync of its file; 0: not at all. One that is away
        forgets it by itself."""
        with suppress(RedisConnectionError, RedisTimeoutError, OSError):
            async with Redis.from_url(self.servers.log_url) as client:
                await client.execute_command("DEBUG", "AOF-FLUSH-SLEEP", microseconds)

    def orderly_end(self) -> list[str]:
        """Drains every process; in words what is wrong with its end or in its log."""
        self._ending = True
        found = [f"{name} ended with {status}" for name, status in self.stop().items() if status != 0]
        for name, slugs in self.events().items():
            found += [f"{name} logged {slug}" for slug in sorted(BUGS.intersection(slugs))]
        return found

    async def healed(self) -> None:
        """Everything runs, and both nodes are ready."""
        for name in SERVERS:
            await until(lambda name=name: self._in_keeper(self.servers.answers, name), seconds=HEALED_SECONDS)  # type: ignore[misc]
        for url in self.urls():
            await until_ready(url, seconds=HEALED_SECONDS)

    async def _in_keeper(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._keeper, work, *arguments)

    async def _watch(self) -> None:
        """Starts what ended by itself."""
        while not self._ending:
            await asyncio.sleep(WATCH_SECONDS)
            for name, status in self.ended().items() if not self._ending else ():
                self.ends.append((name, status))
                self.start(name)

    def _keep(self, folder: Path, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            shutil.copytree(self.data / "logs", folder, dirs_exist_ok=True)

    def _url(self, server: str, *, proxied: bool) -> str:
        if not proxied:
            return self._direct(server)
        url = self.proxies[server].url
        if server == postgres.NAME:
            return f"postgresql://{urlsplit(self._direct(server)).username}@{urlsplit(url).netloc}/postgres"
        return url

    def _direct(self, server: str) -> str:
        if server == postgres.NAME:
            return self.servers.database_url()
        return self.servers.log_url if server == valkey.LOG else self.servers.board_url

    def _address(self, server: str) -> str:
        """What a proxy connects to."""
        if server == postgres.NAME:
            return f"unix://{self.servers.database_url().split('host=')[1]}/.s.PGSQL.5432"
        return self._direct(server)
