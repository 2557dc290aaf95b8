"""`python -m ops.load.compare A.json B.json`: two runs of the bench side by side, as text and as a page."""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Final

import click
import msgspec

from ops.errors import OperatorError
from ops.load.run import Run
from ops.load.standing import Phase

SAME: Final = 0.05
"""Ratios nearer to 1 count as equal."""
STYLE: Final = """
:root { color-scheme: light dark; --back: #f6f7f9; --card: #fff; --text: #1b2330; --soft: #5b6677;
  --grid: #e3e7ed; --good: #1c6b3a; --bad: #a3262a; }
@media (prefers-color-scheme: dark) { :root { --back: #12161c; --card: #1b2129; --text: #e8ecf2;
  --soft: #9aa6b6; --grid: #2d3642; --good: #6fd39a; --bad: #ff9a97; } }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 40px 20px 64px; }
h1 { font-size: 1.6rem; margin: 0 0 16px; } h2 { font-size: 1.05rem; margin: 28px 0 0; }
p, caption { color: var(--soft); font-size: .9rem; margin: 2px 0 8px; text-align: left; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--grid); border-radius: 12px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 5px 14px; border-bottom: 1px solid var(--grid); font-weight: 400;
  white-space: nowrap; }
tr:last-child > * { border-bottom: 0; } th:first-child { text-align: left; } thead th { color: var(--soft); }
.better { color: var(--good); } .worse { color: var(--bad); }
"""


class Row(msgspec.Struct, frozen=True):
    """One number of both runs. `sign` is 1 where more is better, -1 where less is."""

    phase: str
    name: str
    a: float
    b: float
    sign: int

    @property
    def ratio(self) -> float | None:
        """B as a multiple of A."""
        return self.b / self.a if self.a else None

    @property
    def verdict(self) -> str:
        """`better`, `worse`, or empty."""
        if self.ratio is None or abs(self.ratio - 1) < SAME:
            return ""
        return "better" if (self.ratio > 1) == (self.sign > 0) else "worse"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("a", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("b", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--html", type=click.Path(path_type=Path), help="Also write a page, all in one file.")
def main(a: Path, b: Path, html: Path | None) -> None:
    """Compares the runs in A and B, which `make bench` wrote with `--json`. The ratio is B / A."""
    try:
        one, other = (msgspec.json.decode(path.read_bytes(), type=Run) for path in (a, b))
    except msgspec.DecodeError as error:
        raise click.ClickException(f"This is no run of the bench: {error}") from error
    found = list(rows(one, other))
    if not found:
        raise OperatorError("The two runs have no phase in common.")
    for line in _notes(one, other):
        click.echo(line)
    click.echo(f"{'':48} {'A':>12} {'B':>12} {'B / A':>8}")
    for row in found:
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
        name = f"{row.phase}: {row.name}"
        click.echo(f"{name:48} {_number(row.a):>12} {_number(row.b):>12} {ratio:>8} {row.verdict}".rstrip())
    if html is not None:
        html.write_text(page(one, other, found), "utf-8")


def rows(a: Run, b: Run) -> Iterator[Row]:
    """The numbers of the phases that both runs have."""
    others = {phase.name: phase for phase in b.phases}
    for one in a.phases:
        if (other := others.get(one.name)) is None:
            continue
        measured = dict(_measures(other))
        for (name, sign), value in _measures(one):
            if (name, sign) in measured:
                yield Row(one.name, name, value, measured[name, sign], sign)


def _measures(phase: Phase) -> Iterator[tuple[tuple[str, int], float]]:
    unit = "1,000 messages" if phase.messages else "second"
    if phase.messages:
        yield ("messages a second", 1), phase.messages_per_second
    for name, times in (("accepted", phase.accepted_ms), ("received", phase.received_ms)):
        for share in ("p50", "p99"):
            if share in times:
                yield (f"{name} {share}, ms", -1), times[share]
    if phase.kib_per_socket:
        yield ("KiB for each socket", -1), phase.kib_per_socket
    if phase.cpu:
        yield (f"CPU-seconds of the relay per {unit}", -1), phase.cpu_of_relay
    for process, seconds in phase.cpu.items():
        if not process.startswith("("):
            yield (f"CPU of {process}", -1), seconds
    if phase.calls:
        yield ("commands", -1), sum(phase.calls.values())
        yield ("bytes of the log's file", -1), phase.log_file_bytes


def page(a: Run, b: Run, found: list[Row]) -> str:
    """The HTML."""
    tables = []
    for name in dict.fromkeys(row.phase for row in found):
        about = next(phase.about for phase in b.phases if phase.name == name)
        lines = "".join(_line(row) for row in found if row.phase == name)
        tables.append(
            f"<h2>{escape(name)}</h2><p>{escape(about)}</p>"
            f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(name)}"><table><thead><tr>'
            '<th scope="col">measured</th><th scope="col">A</th><th scope="col">B</th>'
            f'<th scope="col">B / A</th></tr></thead><tbody>{lines}</tbody></table></div>'
        )
    notes = "".join(f"<p>{escape(line)}</p>" for line in _notes(a, b))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Sealstream: two runs</title><style>{STYLE}</style></head><body><main>"
        f"<h1>Two runs</h1>{notes}{''.join(tables)}</main></body></html>\n"
    )


def _line(row: Row) -> str:
    ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
    told = f"{ratio} {row.verdict}".strip()
    return (
        f'<tr><th scope="row">{escape(row.name)}</th><td>{_number(row.a)}</td><td>{_number(row.b)}</td>'
        f'<td class="{row.verdict}">{told}</td></tr>'
    )


def _notes(a: Run, b: Run) -> Iterator[str]:
    for name, run in (("A", a), ("B", b)):
        machine = ", ".join(f"{key} {value}" for key, value in run.machine.items())
        yield f"{name}: {run.at}; {machine}"
    if a.options != b.options:
        yield "The runs had different options."


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


if __name__ == "__main__":
    main()
