"""`sealstream replay audit`: runs the audit, and prints what it found."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final
from uuid import UUID

import click
import msgspec
import uvloop
from rich import box
from rich import progress as bars
from rich.console import Console
from rich.table import Table

from ops.errors import OperatorError
from ops.replay.opening import chosen, has_entries, in_words, reachable, the_history
from ops.replay.places import in_order
from ops.replay.plain import line, plain
from ops.replay.shares import Progress, Request, audited, count, in_shares
from ops.words import counted
from schema.positions import Position
from schema.settings import Settings
from workers.replay.audit import Scope
from workers.replay.report import PartitionReport, Report
from workers.replay.violations import Violation

PLACES: Final = ("begins", "tables as of", "directory as of")
NUMBERS: Final = ("entries", "accepted", "delivered", "owed", "expired", "dropped", "verdict")
SHOWN: Final = 20
WIDTH: Final = 140
"""Of the table where nobody says how wide the paper is."""


def audit(
    settings: Settings,
    after: Position,
    upto: Position | None,
    user: UUID | None,
    partition: int | None,
    *,
    as_json: bool,
    fast: bool,
) -> int:
    """The exit status. Raises OperatorError."""
    in_order(after, upto)
    request = Request(reachable(settings, compares=upto is None), Scope(0, (), user, after, upto), fast)
    with in_words():
        report = uvloop.run(_run(request, partition, quiet=as_json))
    if user is not None and not report.found and not report.touched:
        raise OperatorError(f"Neither log nor database has anything of user {user}.")
    if as_json:
        click.echo(line({"clean": report.clean, **plain(report)}))
    else:
        show(report, printer())
    return 0 if report.clean else 1


async def _run(request: Request, partition: int | None, *, quiet: bool) -> Report:
    async with the_history(request.settings, fast=request.fast, digests=True) as history:
        scope, partitions = request.scope, history.partitions
        scope = msgspec.structs.replace(
            scope, partitions=partitions, only=chosen(partitions, partition, scope.user)
        )
        request = msgspec.structs.replace(request, scope=scope)
        extents = [await history.source.extent(number) for number in scope.only]
        has_entries(extents, scope.after, scope.upto)
        entries = sum(extent.entries for extent in extents)
        shares = count(request)
        if shares == 1:
            with _folding(entries, quiet=quiet) as advance:
                return await audited(request, history, advance)
    with _folding(entries, quiet=quiet) as advance:
        return await in_shares(request, shares, advance)


@contextmanager
def _folding(entries: int, *, quiet: bool) -> Iterator[Progress]:
    with bar(quiet=quiet) as progress:
        yield partial(progress.advance, progress.add_task("folding archive and log", total=entries))


def bar(*, quiet: bool) -> bars.Progress:
    """A progress bar on stderr; none where nobody looks."""
    console = Console(stderr=True)
    return bars.Progress(
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )


def show(report: Report, console: Console) -> None:
    """The table (two where one would be too wide), the first violations and the verdict."""
    click.echo("accepted = delivered + owed + expired + dropped with their device", file=console.file)
    whole = _table(report, PLACES + NUMBERS)
    anyhow = console.options.update(max_width=1000)
    if console.measure(whole, options=anyhow).maximum <= console.width:
        console.print(whole)
    else:
        console.print(_table(report, NUMBERS, narrow=True))
        console.print(_table(report, PLACES, narrow=True))
    for note in report.notes[:SHOWN]:
        console.print(f"note: {note}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    for violation in report.violations[:SHOWN]:
        console.print(sentence(violation), style="red", markup=False, highlight=False, soft_wrap=True)
    if report.found > SHOWN:
        console.print(f"… and {report.found - SHOWN:,} more (--json has the first thousand)", style="red")
    style = "bold green" if report.clean else "bold red"
    console.print(_verdict(report), style=style, highlight=False, soft_wrap=True)


def printer() -> Console:
    """A console that does not fold a table which goes to a file."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def sentence(violation: Violation) -> str:
    """A violation with its place, on one line."""
    where = [
        None if violation.partition is None else f"partition {violation.partition}",
        None if violation.position is None else f"at {violation.position}",
        None if violation.user is None else f"user {violation.user}",
        None if violation.device is None else f"device {violation.device}",
    ]
    return f"{violation.kind}: {', '.join(part for part in where if part)}: {violation.text}"


def _table(report: Report, columns: tuple[str, ...], *, narrow: bool = False) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True) if narrow else Table()
    for name in ("partition", *columns):
        right = name not in (*PLACES, "verdict")
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for row in report.partitions:
        cells = _cells(row)
        table.add_row(str(row.partition), *(cells[name] for name in columns))
    return table


def _cells(row: PartitionReport) -> dict[str, str]:
    nothing = "nothing yet" if row.entries else "empty"
    begins = nothing if row.begins is None else "at its start" if row.complete else str(row.begins)
    places = (str(place) if place is not None else "not compared" for place in (row.tables, row.directory))
    numbers = (row.entries, row.accepted, row.delivered, row.owed, row.expired, row.dropped)
    verdict = f"[red]{row.violations:,} found[/]" if row.violations else "[green]clean[/]"
    cells = (begins, *places, *(f"{number:,}" for number in numbers), verdict)
    return dict(zip(PLACES + NUMBERS, cells, strict=True))


def _verdict(report: Report) -> str:
    entries = sum(row.entries for row in report.partitions)
    looked_at = f"{counted(entries, 'entry', 'entries')} and {counted(report.rows, 'row', 'rows')}"
    read = f"{looked_at} in {report.seconds:.1f} s"
    before = counted(report.older_rows, "row is", "rows are")
    older = f"; {before} from before these entries" if report.older_rows else ""
    if report.clean:
        return f"Clean: {read}{older}."
    return f"{counted(report.found, 'violation', 'violations')} in {read}{older}."
