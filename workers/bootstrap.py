"""One worker process: opens what its work needs, runs it, drains on SIGTERM, closes everything."""

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, Final

import structlog
import uvloop

from schema import durability, functions, keys, log_identity, logs, partitions, servers, tasks
from schema.clock import now_ms
from schema.cluster_link import ClusterLink, link_to
from schema.link import Commands, Link
from schema.log_identity import Guard
from schema.open_files import raise_limit
from schema.settings import BadSetting, Settings
from schema.waiting import until_there
from workers import metrics
from workers.archive.beginning import begin_archive
from workers.belonging import Belonging
from workers.consumer import Consumer
from workers.database import Database
from workers.group_reader import GroupReader
from workers.projector.projection import PACE as PROJECTOR_PACE
from workers.projector.projection import Projection, is_urgent
from workers.pusher.reader import Reader
from workers.rate_limiter import keeping
from workers.rate_limiter.evictions import PACE as EVICTIONS_PACE
from workers.rate_limiter.evictions import Evictions
from workers.retention.blobs import begin_blobs
from workers.retention.rounds import Retention, Schedule
from workers.sharing import Sharing, Work
from workers.sources import limits_source, log_source

log = structlog.get_logger(__name__)

LEASE_SECONDS: Final = 5.0
TICK_SECONDS: Final = 1.0
"""Between two renewals of a lease, and between two looks at which workers there are."""
DRAIN_SECONDS: Final = 8.0
"""How long the batch in hand may take after SIGTERM; what is cut off is taken over by the next owner."""


class Opened:
    """What a worker's process holds open."""

    def __init__(self, settings: Settings, stack: AsyncExitStack, up: asyncio.Event) -> None:
        assert settings.log_url
        assert settings.board_url
        assert settings.database_url
        self.settings = settings
        self.log_url = settings.log_url
        unguarded = servers.client(settings.log_url)
        self.belonging = Belonging(unguarded, settings.database_url, settings.partitions)
        self.log: Any = None
        self.board = servers.client(settings.board_url)
        self.partitions = settings.partitions
        self.worker = secrets.token_hex(6)
        self.up = up
        self._unguarded = unguarded
        self._stack = stack
        for client in (unguarded, self.board):
            stack.push_async_callback(client.aclose)

    def connect(self) -> Any:
        """One more client of the log: a read that blocks needs its own connection."""
        return servers.client(self.log_url, guard=self._guard)

    async def ready(self) -> None:
        """Waits for the log and the board, and gives the board the workers' functions. Raises LogUnsafe."""
        unsafe_is_taken = self.settings.log_unsafe
        await until_there("log", lambda: durability.check(self._unguarded, unsafe_is_taken=unsafe_is_taken))
        await until_there("board", lambda: functions.install(self.board, "workers"))

    async def begin(self, guard: Awaitable[Guard]) -> None:
        """Opens the log, once it is known which one it must be. Raises what `guard` raises."""
        self._guard = await guard
        self.log = self.connect()
        self._stack.push_async_callback(self.log.aclose)
        await until_there("log", lambda: functions.install(self.log, "workers"))

    async def started(self, server: str, link: Link | ClusterLink) -> Commands:
        """The connection, open until this process ends."""
        await until_there(server, link.start)
        self._stack.push_async_callback(link.close)
        return link

    async def pool(self) -> Database:
        """A pool on the database, which may be away."""
        assert self.settings.database_url
        pool = Database(self.settings.database_url)
        await pool.open()
        self._stack.push_async_callback(pool.close)
        return pool

    async def database(self) -> Database:
        """A pool on a database that answers and has its tables."""
        pool = await self.pool()

        async def answers() -> None:
            async with pool.connection() as connection:
                await connection.execute("SELECT 1 FROM checkpoints LIMIT 1")

        await until_there("database", answers)
        return pool

    async def share(
        self, group: str, count: int, work: Work, stopping: asyncio.Event, *, goes_on_alone: bool = False
    ) -> None:
        """Does this worker's share of the group's `count` partitions; from here on it is up."""
        self.up.set()
        log.info("worker_up")
        sharing = Sharing(
            self.board,
            group,
            count,
            self.worker,
            work,
            lease_seconds=LEASE_SECONDS,
            tick_seconds=TICK_SECONDS,
            goes_on_alone=goes_on_alone,
        )
        await sharing.run(stopping)

    @asynccontextmanager
    async def blocking(self, stream: str) -> AsyncIterator[Commands]:
        """A connection for reads of the log's stream that block."""
        link = link_to(self.log_url, name="log", check=self._guard.ask, only=stream)
        await until_there("log", link.start)
        try:
            yield link
        finally:
            await link.close()

    async def reading(self, reads: Callable[[Commands], Work]) -> Work:
        """The work on a partition that `reads` does over a connection. All partitions share one, but on a
        cluster, where no command reads several."""
        if not servers.is_cluster(self.log_url):
            link = link_to(self.log_url, name="log", check=self._guard.ask)
            return reads(await self.started("log", link))

        async def alone(partition: int, stopping: asyncio.Event) -> None:
            async with self.blocking(keys.log(partition)) as link:
                await reads(link)(partition, stopping)

        return alone


async def projector(opened: Opened, stopping: asyncio.Event) -> None:
    """Folds the log into the tables, also while the board is away."""
    await opened.begin(opened.belonging.settled())
    database = await opened.database()

    def reads(link: Commands) -> Work:
        reader = GroupReader(link, keys.PROJECTOR, opened.worker, PROJECTOR_PACE)

        async def work(partition: int, ending: asyncio.Event) -> None:
            source = log_source(keys.PROJECTOR, partition)
            projection = Projection(database, partition)
            consumer = Consumer(source, projection, opened.connect, reader, opened.worker, is_urgent)
            await consumer.run(ending)

        return work

    work = await opened.reading(reads)
    await opened.share(keys.PROJECTOR, opened.partitions, work, stopping, goes_on_alone=True)


async def pusher(opened: Opened, stopping: asyncio.Event) -> None:
    """Hints to the nodes."""
    await opened.begin(opened.belonging.as_the_log_says())
    assert opened.settings.board_url
    board = await opened.started("board", link_to(opened.settings.board_url, name="board"))
    install = partial(functions.install, opened.board, "workers")
    call = partial(functions.call_lean, board.execute, install, "workers")
    work = await opened.reading(lambda link: Reader(link, opened.log, call, opened.worker).work)
    await opened.belonging.confirmed(opened.share(keys.PUSHER, opened.partitions, work, stopping))


async def retention(opened: Opened, stopping: asyncio.Event) -> None:
    """Expires, archives, trims, clears, rewrites, also while the board is away."""
    await opened.begin(opened.belonging.settled())
    settings = opened.settings
    database = await opened.database()
    archivist = await begin_archive(settings, database, opened.log)
    blobs = await begin_blobs(settings)
    schedule = Schedule.of(settings)
    work = Retention(
        database, opened.log, opened.board, opened.partitions, schedule, now_ms, archivist, blobs
    )
    await opened.share(keys.RETENTION, 1, work.run, stopping, goes_on_alone=True)


async def rate_limiter(opened: Opened, stopping: asyncio.Event) -> None:
    """Keeps the limits on the board and evicts who keeps on. Does not wait for the database: without a policy
    nothing is admitted anywhere."""

    async def cool() -> None:
        await opened.begin(opened.belonging.as_the_log_says())
        await opened.share(keys.RATE_LIMITER, 1, work, stopping)

    async def work(_partition: int, ending: asyncio.Event) -> None:
        source, handler = limits_source(), Evictions(opened.board, opened.log)
        async with opened.blocking(source.stream) as link:
            reader = GroupReader(link, source.group, opened.worker, EVICTIONS_PACE)
            await Consumer(source, handler, opened.connect, reader, opened.worker).run(ending)

    database = await opened.pool()

    async def keep() -> None:
        await asyncio.gather(
            keeping.keep_overrides(database, opened.board, stopping),
            keeping.keep_policy(opened.board, opened.settings.limits, stopping),
            cool(),
        )

    await opened.belonging.confirmed(keep())


WORKERS: Final[dict[str, Callable[[Opened, asyncio.Event], Awaitable[None]]]] = {
    "projector": projector,
    "pusher": pusher,
    "retention": retention,
    "rate-limiter": rate_limiter,
}


def run_worker(name: str, settings: Settings) -> int:
    """Runs the worker `name` until SIGTERM or SIGINT; the process's exit status."""
    logs.configure(settings.log_format, name)
    raise_limit()
    if name not in WORKERS:
        log.error("no_such_worker", known=list(WORKERS))
        return 2
    return uvloop.run(_main(name, settings))


async def _main(name: str, settings: Settings) -> int:
    stopping, up = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stopping.set)
    working = asyncio.create_task(_work(name, settings, stopping, up))
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({working, stop}, return_when=asyncio.FIRST_COMPLETED)
    if stopping.is_set() and up.is_set():
        log.info("worker_draining")
        await asyncio.wait({working}, timeout=DRAIN_SECONDS)
    if not working.done():
        log.info("worker_cut_off", at_start=not up.is_set())
    await tasks.end([task for task in (working, stop) if not task.done()])
    status = _status(working)
    log.info("worker_down", status=status)
    return status


def _status(working: "asyncio.Task[None]") -> int:
    if working.cancelled() or (error := working.exception()) is None:
        return 0
    if isinstance(error, BadSetting):
        log.error("setting_unusable", reason=str(error))
    elif isinstance(error, partitions.PartitionsDiffer):
        log.error("partitions_differ", reason=str(error), setting="SEALSTREAM_PARTITIONS")
    elif isinstance(error, log_identity.LogUnfit):
        log.error("log_unfit", reason=str(error))
    else:
        log.error("worker_failed", exc_info=error)
    return 1


async def _work(name: str, settings: Settings, stopping: asyncio.Event, up: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        opened = Opened(settings, stack, up)
        if settings.metrics_port:
            port = settings.metrics_port + settings.nodes + list(WORKERS).index(name)
            stack.callback(metrics.serve(settings.metrics_host, port))
        await opened.ready()
        await WORKERS[name](opened, stopping)
