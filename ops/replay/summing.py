"""`sealstream replay stats`: the log in numbers, as a table, JSON or a page."""

import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import click
from rich.table import Table

from ops.replay.auditing import bar, printer
from ops.replay.opening import chosen, has_entries, in_words, reachable, the_history, warn
from ops.replay.output import whole_file, writing
from ops.replay.page import page
from ops.replay.places import in_order, time_of
from ops.replay.plain import line
from ops.replay.shares import collect_rarely
from ops.words import size
from schema import codec, keys
from schema.positions import Position
from schema.settings import Settings
from workers.replay.records import Fault
from workers.replay.summary import Summary, Summing

AT_ONCE: Final = 500


def stats(
    settings: Settings,
    after: Position,
    upto: Position | None,
    partition: int | None,
    *,
    as_json: bool,
    fast: bool,
    html: Path | None,
) -> int:
    """The exit status. Raises OperatorError."""
    in_order(after, upto)
    with ExitStack() as stack:
        file = None if html is None else stack.enter_context(whole_file(html))
        with in_words():
            sums, faults = asyncio.run(
                _sum(reachable(settings), after, upto, partition, quiet=as_json, fast=fast)
            )
        if file is not None:
            with writing(str(html)):
                file.write_text(page(sums), "utf-8")
    if as_json:
        click.echo(line(sums))
    else:
        _show(sums)
        if html is not None:
            click.echo(f"Written to {html}.")
    return 1 if warn(faults) else 0


async def _sum(
    settings: Settings,
    after: Position,
    upto: Position | None,
    partition: int | None,
    *,
    quiet: bool,
    fast: bool,
) -> tuple[Summary, list[Fault]]:
    collect_rarely()
    async with the_history(settings, fast=fast) as history:
        source, wanted = history.source, chosen(history.partitions, partition, None)
        extents = {number: await source.extent(number) for number in wanted}
        has_entries(extents.values(), after, upto)
        firsts = [max(extent.first, after) for extent in extents.values() if extent.first is not None]
        ends = [min(upto or extent.last, extent.last) for extent in extents.values()]
        sums = Summing(min(firsts).ms if firsts else 0, max(ends).ms)
        with bar(quiet=quiet) as progress:
            task = progress.add_task("summing up", total=sum(extent.entries for extent in extents.values()))
            for number, end in zip(extents, ends, strict=True):
                async for found in source.pages(number, after, end):
                    for record in found.records:
                        sums.take(record)
                    progress.advance(task, len(found.records))
        await _refusals(history.log, sums)
        return sums.done(), history.faults()


async def _refusals(client: Any, sums: Summing) -> None:
    start = "-"
    while rows := await client.xrange(keys.LIMITS_LOG, start, "+", count=AT_ONCE):
        for _, fields in rows:
            try:
                sums.refused(codec.decode_refused(fields.get(codec.EVENT_FIELD, b"")))
            except codec.UndecodableEntry:
                continue  # the audit names what stands in quarantine
        start = f"({rows[-1][0].decode()}"


def _show(sums: Summary) -> None:
    click.echo(f"{time_of(sums.begin)} to {time_of(sums.end)} (UTC)")
    table = Table("what", "how much")
    table.columns[1].justify = "right"
    seconds = max(1, sums.end - sums.begin) / 1000
    accepted = sum(sums.accepted)
    table.add_row("entries", f"{sums.entries:,}")
    table.add_row("accepted", f"{accepted:,} ({accepted / seconds:,.1f} a second)")
    table.add_row("  size of their entries", size(sum(sums.bytes)))
    table.add_row("delivered", f"{sums.delivered:,}")
    for name, delay in zip(("median", "95 %", "99 %"), sums.delay, strict=True):
        table.add_row(f"  {name} within", "-" if delay is None else f"{delay / 1000:,.3f} s")
    table.add_row("expired", f"{sums.expired:,}")
    table.add_row("gone with their device", f"{sums.dropped:,}")
    table.add_row("owed", f"{sum(sums.owed.values()):,}")
    for name, count in sums.owed.items():
        if count:
            table.add_row(f"  {name}", f"{count:,}")
    for limit, parts in sorted(sums.refusals.items()):
        table.add_row(f"refused by {limit}", f"{sum(parts):,}")
    printer().print(table)
