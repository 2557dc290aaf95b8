"""The output of `sealstream quarantine`: tables within 80 columns, or JSON."""

from collections.abc import Sequence
from typing import Final

import click
import msgspec
from rich.console import Console
from rich.table import Table

from ops.quarantine.listing import Row
from ops.quarantine.retrying import Retried
from ops.words import count, moment
from workers.retrying.outcome import Result

_RESULTS: Final[dict[Result, str]] = {
    "done": "handled",
    "settled": "handled; its device no longer waits for it",
    "unreadable": "still cannot be read",
    "failed": "fails again",
    "too_late": "too late: the log no longer holds what came after it",
    "too_early": "too early: the projector has yet to pass it",
}


def rows(found: list[Row], *, as_json: bool) -> None:
    """The list, the oldest of each partition first."""
    table = Table()
    table.add_column("entry, time (UTC)", no_wrap=True)
    for name in ("by", "event", "reason"):
        table.add_column(name)
    for row in found:
        kind = f"{row.kind}: " if row.kind else ""
        by = "\n".join(row.groups)
        table.add_row(f"{row.entry}\n{moment(row.at)}", by, row.event, f"{kind}{row.reason}")
    _print(found, table, as_json=as_json)


def retried(found: list[Retried], *, as_json: bool) -> None:
    """Prints the outcome of each entry."""
    table = Table("entry", "by", "event", "result")
    for one in found:
        reason = f": {one.reason}" if one.reason else ""
        table.add_row(one.entry, one.group, one.event, f"{_RESULTS[one.result]}{reason}")
    _print(found, table, as_json=as_json)


def dropped(found: list[Row], *, as_json: bool) -> None:
    """Prints the dropped entries."""
    _print([row.entry for row in found], f"Dropped: {count(len(found))}.", as_json=as_json)


def _print(found: Sequence[object], shown: Table | str, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    elif not found:
        click.echo("Nothing is set aside.")
    else:
        Console(markup=False, highlight=not isinstance(shown, str)).print(shown)
