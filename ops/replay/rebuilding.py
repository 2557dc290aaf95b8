"""`sealstream replay rebuild`: the projections anew, in a database of their own, and compared with the live
ones."""

import asyncio
import functools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import click
import msgspec
import psycopg
from psycopg_pool import AsyncConnectionPool
from rich.table import Table

from ops.errors import OperatorError
from ops.migrate import migrate
from ops.replay.auditing import bar, printer
from ops.replay.opening import History, in_words, reachable, the_database, the_history, warn
from schema import checkpoints, keys
from schema.positions import START
from schema.settings import Settings
from schema.urls import why_not_postgres
from workers import quarantine
from workers.replay import likeness
from workers.replay.audit import snapshot
from workers.replay.likeness import Likeness
from workers.replay.rebuild import Incomplete, NotEmpty, Rebuild, Unbuilt, claim, unbuilt
from workers.replay.records import Fault

APPROACHES: Final = 3
UNBUILT: Final = (
    "{0.envelopes:,} owed envelopes of {0.devices:,} devices have no row: neither log nor archive has their "
    "ciphertext (the archive keeps digests alone unless SEALSTREAM_ARCHIVE_BODIES=yes), or they are in "
    "quarantine."
)


class Rebuilt(msgspec.Struct, frozen=True):
    """What came of it; `found` is None where nothing was compared."""

    found: list[Likeness] | None
    unbuilt: Unbuilt
    faults: list[Fault]


def rebuild(settings: Settings, into: str, *, compare: bool, fast: bool, partial: bool) -> int:
    """The exit status. Raises OperatorError."""
    if (words := why_not_postgres(into)) is not None:
        raise OperatorError(f"--into {words}")
    settings = reachable(settings, compares=compare)
    try:
        with in_words():
            migrate(into, wait_seconds=0, tell=click.echo, setting="--into")
            done = asyncio.run(_rebuild(settings, into, compare=compare, fast=fast, partial=partial))
    except KeyboardInterrupt:
        click.echo("Stopped. The same command goes on.", err=True)
        raise
    is_whole = not warn(done.faults)
    if done.unbuilt.envelopes:
        click.echo(UNBUILT.format(done.unbuilt))
    if done.found is None:
        is_whole = is_whole and not done.unbuilt.envelopes and not done.faults
        click.echo("Rebuilt, and not compared." if is_whole else "Rebuilt in part, and not compared.")
        return 0 if is_whole else 1
    _show(done.found)
    same = all(table.same for table in done.found)
    click.echo("The same as the live database." if same else "It differs from the live database.")
    return 0 if same and is_whole else 1


async def _rebuild(settings: Settings, into: str, *, compare: bool, fast: bool, partial: bool) -> Rebuilt:
    async with AsyncExitStack() as stack:
        history = await stack.enter_async_context(the_history(settings, fast=fast, digests=True))
        target = await stack.enter_async_context(the_database(into))
        numbers = range(history.partitions)
        extents = {number: await history.source.extent(number) for number in numbers}
        aside = {number: await quarantine.unprojected(history.log, number) for number in numbers}
        pool = await stack.enter_async_context(_pool(into))
        progress = stack.enter_context(bar(quiet=False))
        task = progress.add_task("rebuilding", total=sum(extent.entries for extent in extents.values()))
        advance = functools.partial(progress.advance, task)
        run = Rebuild(history.source, pool, aside, advance, partial=partial)
        try:
            reached = await checkpoints.read_all(target, keys.PROJECTOR)
            for number in numbers:
                await run.check(number, reached.get(number, START))
            await _claim(target)
            if compare:
                found = await _compared(history, run, target)
            else:
                found = None
                for number in numbers:
                    await run.run(number, (await history.source.extent(number)).last)
        except Incomplete as error:
            raise OperatorError(await _in_words(history, error)) from error
        return Rebuilt(found, await unbuilt(target), history.faults())


async def _compared(history: History, run: Rebuild, target: Any) -> list[Likeness]:
    """Follows the live database until it is the same moment in both, and compares them there."""
    live = history.database
    for _ in range(APPROACHES):
        await _follow(run, live, history.partitions)
    async with snapshot(live):
        await _follow(run, live, history.partitions)
        async with snapshot(target):
            return [table async for table in likeness.compare(live, target)]


async def _follow(run: Rebuild, live: Any, partitions: int) -> None:
    """Up to the live database's checkpoints."""
    reached = await checkpoints.read_all(live, keys.PROJECTOR)
    for number in range(partitions):
        await run.run(number, reached.get(number, START))


async def _in_words(history: History, error: Incomplete) -> str:
    """What is missing, in numbers, and what to do."""
    number, source = error.partition, history.source
    extent = await source.extent(number)
    info = await history.log.xinfo_stream(keys.log(number))
    gone = info["entries-added"] - extent.entries
    count = f" (at least {gone:,} of {info['entries-added']:,})" if gone > 0 else ""
    why = "".join(f"\n  {fault.text}" for fault in source.faults(number))
    built = "Nothing was built" if error.done == START else f"The rebuild stands at {error.done}"
    return (
        f"Partition {number}: entries{count} between {error.done} and {error.upto.next()} are missing from "
        f"both log and archive, so a rebuild would lack what they say. {built}. Mend the archive and go on, "
        f"restore a dump (ops/runbook.md), or build what the rest says with --partial.{why}"
    )


async def _claim(target: Any) -> None:
    try:
        if await claim(target):
            click.echo("Going on with a rebuild that was begun before.")
    except NotEmpty as error:
        raise OperatorError(
            f"The database of --into is not empty ({error} has rows), and no rebuild was begun in it. "
            "Nothing was changed; name an empty database."
        ) from error


@asynccontextmanager
async def _pool(url: str) -> "AsyncIterator[AsyncConnectionPool[psycopg.AsyncConnection[Any]]]":
    async with AsyncConnectionPool(url, min_size=1, max_size=2, open=False, timeout=10.0) as pool:
        yield pool


def _show(found: list[Likeness]) -> None:
    table = Table("table")
    for name in ("live", "rebuilt"):
        table.add_column(name, justify="right")
    for name in ("digest, live", "digest, rebuilt"):
        table.add_column(name, no_wrap=True)
    table.add_column("taken meanwhile", justify="right")
    table.add_column("verdict", no_wrap=True)
    for row in found:
        verdict = "[green]same[/]" if row.same else f"[red]{row.different:,} differ[/]"
        digests = (digest[:16] for digest in (row.live_digest, row.rebuilt_digest))
        table.add_row(row.table, f"{row.live:,}", f"{row.rebuilt:,}", *digests, f"{row.excused:,}", verdict)
    printer().print(table)
    for row in found:
        for name in row.differing:
            click.echo(f"{row.table}: {name}")
