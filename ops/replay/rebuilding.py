"""`sealstream replay rebuild`: the projections anew, in a database of their own, and compared with the live
ones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, Final

import click
import psycopg
from psycopg_pool import AsyncConnectionPool
from rich.table import Table

from ops import addresses
from ops.errors import OperatorError
from ops.migrate import migrate
from ops.replay.auditing import bar, printer
from ops.replay.opening import in_words, the_database, the_log
from schema import keys
from schema.settings import Settings
from schema.urls import why_not_postgres
from workers import quarantine
from workers.positions import START
from workers.projector import checkpoints
from workers.replay import likeness
from workers.replay.audit import snapshot
from workers.replay.likeness import Likeness
from workers.replay.log_source import RATE, LogSource
from workers.replay.rebuild import NotEmpty, Rebuild, claim

BATCH: Final = 1000
APPROACHES: Final = 3


def rebuild(settings: Settings, into: str, *, compare: bool, fast: bool) -> int:
    """The exit status. Raises OperatorError."""
    if (words := why_not_postgres(into)) is not None:
        raise OperatorError(f"--into {words}")
    log_url, live_url = addresses.log(settings), addresses.database(settings) if compare else None
    with in_words():
        migrate(into, wait_seconds=0, tell=click.echo)
        found, begins = asyncio.run(_rebuild(log_url, live_url, into, fast=fast))
    for line in begins:
        click.echo(line)
    if not compare:
        click.echo("Rebuilt, and not compared.")
        return 0
    _show(found)
    same = all(table.same for table in found)
    click.echo("The same as the live database." if same else "It differs from the live database.")
    return 0 if same else 1


async def _rebuild(
    log_url: str, live_url: str | None, into: str, *, fast: bool
) -> tuple[list[Likeness], list[str]]:
    async with AsyncExitStack() as stack:
        client, partitions = await stack.enter_async_context(the_log(log_url))
        live = await stack.enter_async_context(the_database(live_url)) if live_url else None
        target = await stack.enter_async_context(the_database(into))
        await _claim(target)
        source = LogSource(client, rate=None if fast else RATE, page=BATCH)
        extents = {number: await source.extent(number) for number in range(partitions)}
        aside = {number: await quarantine.unprojected(client, number) for number in extents}
        pool = await stack.enter_async_context(_pool(into))
        with bar(quiet=False) as progress:
            task = progress.add_task("rebuilding", total=sum(extent.entries for extent in extents.values()))
            run = Rebuild(source, pool, aside, partial(progress.advance, task))
            if live is None:
                for number in extents:
                    await run.run(number, (await source.extent(number)).last)
                return [], _said(extents)
            for _ in range(APPROACHES):
                await _follow(run, live, extents)
            async with snapshot(live):
                await _follow(run, live, extents)
                async with snapshot(target):
                    progress.update(task, description="comparing")
                    return [table async for table in likeness.compare(live, target)], _said(extents)


async def _follow(run: Rebuild, live: Any, extents: dict[int, Any]) -> None:
    """Up to the live database's checkpoints."""
    reached = await checkpoints.read_all(live, keys.PROJECTOR)
    for number in extents:
        await run.run(number, reached.get(number, START))


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


def _said(extents: dict[int, Any]) -> list[str]:
    late = [number for number, extent in extents.items() if not extent.complete]
    if not late:
        return []
    which = ", ".join(map(str, late))
    return [
        f"Partitions {which}: the log lacks its oldest entries, so the rebuild lacks what only they said."
    ]


def _show(found: list[Likeness]) -> None:
    table = Table("table", "live", "rebuilt", "digest of the live rows", "of the rebuilt", "excused", "")
    for row in found:
        verdict = "[green]same[/]" if row.same else f"[red]{row.different:,} differ[/]"
        digests = (digest[:16] for digest in (row.live_digest, row.rebuilt_digest))
        table.add_row(row.table, f"{row.live:,}", f"{row.rebuilt:,}", *digests, f"{row.excused:,}", verdict)
    printer().print(table)
    for row in found:
        for name in row.differing:
            click.echo(f"{row.table}: {name}")
