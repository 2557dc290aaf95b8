"""One worker process: opens what its work needs, runs it, drains on SIGTERM, closes everything."""

import asyncio
import secrets
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Final

import structlog
import uvloop
from psycopg_pool import AsyncConnectionPool

from schema import functions, keys, logs, servers
from schema.clock import now_ms
from schema.events import LogEvent
from schema.settings import Settings
from schema.waiting import until_there
from workers import metrics
from workers.batches import Handler, Pace
from workers.consumer import Consumer
from workers.projector.projection import PACE as PROJECTOR_PACE
from workers.projector.projection import Projection, is_urgent
from workers.pusher import PACE as PUSHER_PACE
from workers.pusher import Pusher
from workers.rate_limiter import policy
from workers.rate_limiter.cooling import Cooling
from workers.retention.rounds import Retention, Schedule
from workers.sharing import Sharing, Work
from workers.sources import limits_source, log_source

log = structlog.get_logger(__name__)

RETENTION: Final = "retention"


class Opened:
    """What a worker's process holds open."""

    def __init__(self, settings: Settings, stack: AsyncExitStack) -> None:
        assert settings.log_url
        assert settings.board_url
        self.settings = settings
        self.log_url = settings.log_url
        self.log = servers.client(settings.log_url)
        self.board = servers.client(settings.board_url)
        self.partitions = settings.partitions
        self.worker = secrets.token_hex(6)
        self._stack = stack
        for client in (self.log, self.board):
            stack.push_async_callback(client.aclose)

    async def ready(self) -> None:
        """Waits for the log and the board, and gives them the workers' functions."""
        await until_there("log", lambda: functions.install(self.log, "workers"))
        await until_there("board", lambda: functions.install(self.board, "workers"))
        self.partitions = await until_there("log", self._partitions)

    async def database(self) -> "AsyncConnectionPool[Any]":
        """A pool on a database that answers and has its tables."""
        assert self.settings.database_url
        pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
            self.settings.database_url, min_size=1, max_size=4, open=False, timeout=5.0
        )
        await pool.open()
        self._stack.push_async_callback(pool.close)

        async def answers() -> None:
            async with pool.connection() as connection:
                await connection.execute("SELECT 1 FROM checkpoints LIMIT 1")

        await until_there("database", answers)
        return pool

    def sharing(self, group: str, partitions: int, work: Work) -> Sharing:
        """The group's work, shared out by partition."""
        return Sharing(self.board, group, partitions, self.worker, work)

    def consuming(
        self, group: str, pace: Pace, handler: Callable[[int], Handler[LogEvent]], urgent: Any = None
    ) -> Work:
        """The consumer loop on a partition's log."""

        async def work(partition: int, stopping: asyncio.Event) -> None:
            consumer = Consumer(
                log_source(group, partition),
                handler(partition),
                lambda: servers.client(self.log_url),
                self.worker,
                pace,
                urgent or (lambda _event: False),
            )
            await consumer.run(stopping)

        return work

    async def _partitions(self) -> int:
        await self.log.set(keys.PARTITION_COUNT, self.settings.partitions, nx=True)
        fixed = await self.log.get(keys.PARTITION_COUNT)
        return int(fixed or self.settings.partitions)


async def projector(opened: Opened, stopping: asyncio.Event) -> None:
    """Folds the log into the tables."""
    database = await opened.database()
    work = opened.consuming(
        keys.PROJECTOR, PROJECTOR_PACE, lambda partition: Projection(database, partition), is_urgent
    )
    await opened.sharing(keys.PROJECTOR, opened.partitions, work).run(stopping)


async def pusher(opened: Opened, stopping: asyncio.Event) -> None:
    """Hints to the nodes."""
    work = opened.consuming(keys.PUSHER, PUSHER_PACE, lambda _partition: Pusher(opened.board))
    await opened.sharing(keys.PUSHER, opened.partitions, work).run(stopping)


async def retention(opened: Opened, stopping: asyncio.Event) -> None:
    """Expires, trims, clears, rewrites."""
    settings = opened.settings
    schedule = Schedule(
        settings.envelope_ttl_seconds * 1000,
        settings.retention_interval_seconds,
        settings.rewrite_interval_seconds,
    )
    work = Retention(await opened.database(), opened.log, opened.partitions, schedule, now_ms)
    await opened.sharing(RETENTION, 1, work.run).run(stopping)


async def rate_limiter(opened: Opened, stopping: asyncio.Event) -> None:
    """Keeps the policy on the board and evicts who keeps on."""

    async def work(_partition: int, ending: asyncio.Event) -> None:
        consumer = Consumer(
            limits_source(),
            Cooling(opened.board, opened.log),
            lambda: servers.client(opened.log_url),
            opened.worker,
            Pace(verify_seconds=5.0),
        )
        await consumer.run(ending)

    await asyncio.gather(
        policy.keep_installed(opened.board, opened.settings.limits, stopping),
        opened.sharing(keys.RATE_LIMITER, 1, work).run(stopping),
    )


WORKERS: Final[dict[str, Callable[[Opened, asyncio.Event], Awaitable[None]]]] = {
    "projector": projector,
    "pusher": pusher,
    "retention": retention,
    "rate-limiter": rate_limiter,
}


def run_worker(name: str, settings: Settings) -> int:
    """Runs the worker `name` until SIGTERM or SIGINT; the process's exit status. Raises KeyError."""
    logs.configure(settings.log_format, name)
    return uvloop.run(_main(name, settings))


async def _main(name: str, settings: Settings) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stopping.set)
    working = asyncio.create_task(_work(name, settings, stopping))
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({working, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if stopping.is_set():
        done, _ = await asyncio.wait({working}, timeout=8.0)
        if not done:
            working.cancel()  # still waiting for a server at its start, or one that is away
            await asyncio.gather(working, return_exceptions=True)
            return 0
    await working
    log.info("worker_down")
    return 0


async def _work(name: str, settings: Settings, stopping: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        opened = Opened(settings, stack)
        if settings.metrics_port:
            port = settings.metrics_port + settings.nodes + list(WORKERS).index(name)
            stack.callback(metrics.serve(settings.metrics_host, port))
        await opened.ready()
        log.info("worker_up")
        await WORKERS[name](opened, stopping)
