"""The sources of replay: archive and log as one and, for some commands, PostgreSQL. A server that is away is
reported in one sentence."""

from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any
from uuid import UUID

import click
import msgspec
import psycopg
from redis.exceptions import RedisClusterException, RedisError

from ops import addresses
from ops.errors import OperatorError
from ops.trouble import database_in_words
from schema import keys, servers
from schema.partitions import partition_of
from schema.positions import START, Position
from schema.roles import AUDITOR
from schema.settings import Settings
from schema.waiting import why
from workers.archive.opening import open_joined
from workers.archive.store import StoreAway
from workers.replay.log_source import RATE, LogSource, Pacer
from workers.replay.records import Extent, Fault, Overtaken, Source


class History(msgspec.Struct, frozen=True):
    """`source`: archive and log as one, read at the rate of `pacer`. `log`: a client. `database`: a
    connection without a transaction; None where nobody needs it."""

    source: Source
    pacer: Pacer
    log: Any
    partitions: int
    database: Any

    def faults(self) -> list[Fault]:
        """What was found wrong with the archive in what was read so far."""
        return [fault for partition in range(self.partitions) for fault in self.source.faults(partition)]


def reachable(settings: Settings, *, compares: bool = False) -> Settings:
    """`settings` with the addresses of the log and, for the archive or because the command `compares`, of the
    database. Raises OperatorError."""
    settings = msgspec.structs.replace(settings, log_url=addresses.log(settings, AUDITOR))
    if compares or settings.archive is not None:
        try:
            return msgspec.structs.replace(settings, database_url=addresses.database(settings, AUDITOR))
        except OperatorError as error:
            if compares:
                raise
            raise OperatorError(f"{error} SEALSTREAM_ARCHIVE=off reads the log alone.") from error
    return msgspec.structs.replace(settings, database_url=None)


@asynccontextmanager
async def the_history(settings: Settings, *, fast: bool, digests: bool = False) -> AsyncIterator[History]:
    """Archive and log as one; `settings` are `reachable`. `digests`: see LogSource. Raises OperatorError,
    BadSetting."""
    assert settings.log_url is not None
    async with AsyncExitStack() as stack:
        client, partitions = await stack.enter_async_context(the_log(settings.log_url))
        live, database = LogSource(client, rate=None if fast else RATE, digests=digests), None
        source: Source = live
        if settings.database_url is not None:
            database = await stack.enter_async_context(the_database(settings.database_url))
            source = await open_joined(settings, database, live) or live
        yield History(source, live.pacer, client, partitions, database)


def warn(faults: list[Fault]) -> bool:
    """Names the faults on stderr; whether one of them is more than a note."""
    for fault in faults:
        click.echo(f"sealstream: partition {fault.partition}: {fault.text}", err=True)
    return not all(fault.is_note for fault in faults)


@contextmanager
def in_words() -> Iterator[None]:
    """Raises OperatorError for what the servers raise inside."""
    try:
        with database_in_words():
            yield
    except StoreAway as error:
        raise OperatorError(
            f"The archive is away ({error}). See SEALSTREAM_ARCHIVE; `off` reads the log alone."
        ) from error
    except BrokenPipeError:  # of the standard output: the clients of the servers raise errors of their own
        raise
    except (RedisError, RedisClusterException, OSError) as error:
        raise OperatorError(f"The log is away: {why(error)}. See SEALSTREAM_LOG_URL.") from error
    except Overtaken as error:
        raise OperatorError(f"{error}. Try again, with --fast.") from error


@asynccontextmanager
async def the_log(url: str) -> AsyncIterator[tuple[Any, int]]:
    """A client of the log, and how many partitions that has. Raises OperatorError for a log never begun."""
    client = servers.client(url, reply_seconds=60.0)
    try:
        fixed = await client.get(keys.PARTITION_COUNT)
        if fixed is None:
            raise OperatorError("This log was never begun: no relay has used it. See SEALSTREAM_LOG_URL.")
        yield client, int(fixed)
    finally:
        await client.aclose()


@asynccontextmanager
async def the_database(url: str) -> AsyncIterator[Any]:
    """One connection, without a transaction."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=5) as connection:
        yield connection


def has_entries(extents: Collection[Extent], after: Position, upto: Position | None) -> None:
    """Raises OperatorError when the stretch that was asked for has no entry: "clean" about nothing would
    mislead."""
    if after != START and all(extent.last <= after for extent in extents):
        raise OperatorError(f"--from {after}: the last entry is from before that.")
    begun = [extent.first for extent in extents if extent.first is not None]
    if upto is not None and begun and min(begun) > upto:
        raise OperatorError(f"--to {upto}: the first entry that log or archive has is from after that.")


def chosen(partitions: int, partition: int | None, user: UUID | None) -> tuple[int, ...]:
    """The partitions that are asked for. Raises OperatorError if there is no such one."""
    if partition is not None and partition >= partitions:
        raise OperatorError(f"There is no partition {partition}: the log has {partitions}, from 0.")
    whose = None if user is None else partition_of(user, partitions)
    if partition is not None and whose not in (None, partition):
        raise OperatorError(f"The user belongs to partition {whose}, not {partition}.")
    only = partition if partition is not None else whose
    return tuple(range(partitions)) if only is None else (only,)
