"""The report: one line per finding, and what to do under a red one; or JSON."""

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ops.doctor.finding import Finding

_MARKS = {True: "[green]green[/]", False: "[bold red]RED[/]", None: "[yellow]-[/]"}


def exit_status(findings: list[Finding]) -> int:
    """0 all green, 1 any red."""
    return 1 if any(finding.is_well is False for finding in findings) else 0


def report(findings: list[Finding], *, as_json: bool) -> None:
    """Prints it."""
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(findings)).decode())
        return
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        table.add_row(_MARKS[finding.is_well], finding.name, escape(finding.found))
        if finding.remedy:
            table.add_row("", "", f"→ {escape(finding.remedy)}")
    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())
    reds = sum(finding.is_well is False for finding in findings)
    click.echo("All is well." if not reds else f"{reds} red.")
