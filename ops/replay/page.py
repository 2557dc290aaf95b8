"""The page of `sealstream replay stats --html`: everything in one file, readable without network or
script."""

from datetime import UTC, datetime
from html import escape
from typing import Final

from ops.replay import plots
from ops.replay.places import time_of
from workers.replay.summary import BINS, Summary

STYLE: Final = """
:root { color-scheme: light dark; --back: #f6f7f9; --card: #ffffff; --text: #1b2330; --soft: #5b6677;
--grid: #e3e7ed;
  --s0: #1f6f8b; --s1: #b3611a; --s2: #a0305c; }
@media (prefers-color-scheme: dark) { :root { --back: #12161c; --card: #1b2129; --text: #e8ecf2; --soft:
#9aa6b6;
  --grid: #2d3642; --s0: #5cb8d6; --s1: #e8a15c; --s2: #ee86ab; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 40px 20px 64px; }
h1 { font-size: 1.6rem; margin: 0; letter-spacing: -0.01em; } h2 { font-size: 1.05rem; margin: 0; }
.range, figcaption p, .note { color: var(--soft); margin: 2px 0 0; font-size: 0.9rem; }
.numbers { display: grid; grid-template-columns: repeat(3, 1fr); gap: 12px;
  margin: 24px 0; padding: 0; }
.numbers div, figure { background: var(--card); border: 1px solid var(--grid);
border-radius: 12px; } .numbers div { padding: 14px 16px; display: flex; flex-direction: column-reverse; }
dt { color: var(--soft); font-size: 0.85rem; }
dd { margin: 0; font-size: 1.35rem; font-weight: 600; white-space: nowrap;
  font-variant-numeric: tabular-nums; letter-spacing: -0.01em; }
figure { margin: 0 0 16px; padding: 18px 20px 14px; } svg { width: 100%; height: auto; display: block;
margin-top: 12px; } svg text { font: 12px system-ui, sans-serif; fill: var(--soft); font-variant-numeric:
tabular-nums; } svg .name { font-size: 13px; fill: var(--text); } svg .count { font-size: 13px; fill:
var(--text); font-weight: 600; } .grid { stroke: var(--grid); } .area { fill: var(--s0); opacity: 0.14; }
.bar { fill: var(--s0); } .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap:
round; } .line.s0 { stroke: var(--s0); } .line.s1 { stroke: var(--s1); stroke-dasharray: 7 4; }
.line.s2 { stroke: var(--s2); stroke-dasharray: 2 4; }
.dot.s0 { fill: var(--s0); } .dot.s1 { fill: var(--s1); } .dot.s2 { fill: var(--s2); }
.key { display: flex; gap: 18px; margin: 8px 0 0; padding: 0; list-style: none; font-size: 0.85rem; }
.key svg { width: 28px; height: 10px; display: inline-block; margin: 0 6px 0 0; vertical-align: middle; }
svg.narrow { display: none; }
@media (max-width: 620px) { svg.wide { display: none; } svg.narrow { display: block; }
  .numbers { grid-template-columns: repeat(2, 1fr); }
  main { padding: 24px 12px 48px; } figure { padding: 14px 12px 10px; } }
details { margin-top: 10px; font-size: 0.85rem; color: var(--soft); } summary { cursor: pointer; }
table { border-collapse: collapse; margin-top: 8px; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 2px 10px; border-bottom: 1px solid var(--grid); font-weight: 400; }
th:first-child { text-align: left; } .scroll { max-height: 320px; overflow: auto; }
"""
PERCENTILES: Final = ("median", "95 %", "99 %")
TIMES: Final = 5
FORMS: Final = (
    (600_000, "%H:%M:%S"), (86_400_000, "%H:%M"), (10 * 86_400_000, "%d %b %H:%M"), (float("inf"), "%d %b"),
)  # fmt: skip
"""How the moments below a plot are written, by its span (ms)."""


def page(sums: Summary) -> str:
    """The HTML."""
    times = _times(sums)
    figures = [
        _figure(
            "Accepted", f"Envelopes in each {_span(_width(sums))}.",
            plots.lines([sums.accepted], times, _short, title="Envelopes accepted over time"),
            _table(sums, {"accepted": [f"{value:,}" for value in sums.accepted]}),
        ),
        _delays(sums, times),
        _figure(
            "Owed, by age", "Envelopes that wait for their device at the end.",
            plots.bars(list(sums.owed.items()), title="Envelopes owed by age"), "",
        ),
        _refusals(sums),
    ]  # fmt: skip
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Sealstream: the log in numbers</title><style>{STYLE}</style></head><body><main>"
        f'<h1>The log in numbers</h1><p class="range">{_moment(sums.begin)} to {_moment(sums.end)} UTC</p>'
        f"{_numbers(sums)}{''.join(figures)}"
        '<p class="note">Made by <code>sealstream replay stats</code> from the log, over ciphertext only.</p>'
        "</main></body></html>\n"
    )


def _numbers(sums: Summary) -> str:
    median = sums.delay[0] if sums.delay else None
    rows = {
        "accepted": f"{sum(sums.accepted):,}",
        "delivered": f"{sums.delivered:,}",
        "owed": f"{sum(sums.owed.values()):,}",
        "expired": f"{sums.expired:,}",
        "median delay": "-" if median is None else _delay(median),
        "refused": f"{sum(map(sum, sums.refusals.values())):,}",
    }
    cells = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in rows.items())
    return f'<dl class="numbers">{cells}</dl>'


def _delays(sums: Summary, times: tuple[str, ...]) -> str:
    title = "Time to delivery"
    if not sums.delivered:
        return _figure(title, "Nothing was delivered in this time.", "", "")
    columns = {
        name: ["-" if value is None else _delay(value) for value in values]
        for name, values in zip(PERCENTILES, sums.delays, strict=True)
    }
    return _figure(
        title, "From acceptance to the device's acknowledgement; the scale is logarithmic.",
        plots.lines(sums.delays, times, _delay, logarithmic=True, title="Delay of delivery"),
        _table(sums, columns), PERCENTILES,
    )  # fmt: skip


def _refusals(sums: Summary) -> str:
    if not sums.refusals:
        return _figure("Refused by a limit", "Nothing was refused in this time.", "", "")
    rows = sorted(
        ((name.replace("_", " "), sum(parts)) for name, parts in sums.refusals.items()),
        key=lambda row: -row[1],
    )
    picture = plots.bars(rows, title="Refusals by limit")
    every = _table(sums, {name: [f"{value:,}" for value in parts] for name, parts in sums.refusals.items()})
    return _figure("Refused by a limit", "How often each limit refused somebody.", picture, every)


def _figure(title: str, about: str, picture: str, table: str, key: tuple[str, ...] = ()) -> str:
    entries = "".join(f"<li>{_sample(number)}{name}</li>" for number, name in enumerate(key))
    legend = f'<ul class="key">{entries}</ul>' if key else ""
    caption = f"<figcaption><h2>{escape(title)}</h2><p>{escape(about)}</p></figcaption>"
    return f"<figure>{caption}{legend}{picture}{table}</figure>"


def _sample(number: int) -> str:
    line = f'<line class="line s{number}" x1="1" y1="5" x2="27" y2="5"/>'
    return f'<svg viewBox="0 0 28 10" aria-hidden="true">{line}</svg>'


def _table(sums: Summary, columns: dict[str, list[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(
        f'<tr><th scope="row">{_moment(sums.begin + index * _width(sums))}</th>'
        f"{''.join(f'<td>{values[index]}</td>' for values in columns.values())}</tr>"
        for index in range(BINS)
    )
    table = f'<thead><tr><th scope="col">from (UTC)</th>{head}</tr></thead><tbody>{body}</tbody>'
    return (
        "<details><summary>The numbers</summary>"
        '<div class="scroll" tabindex="0" role="region" aria-label="The numbers">'
        f"<table>{table}</table></div></details>"
    )


def _width(sums: Summary) -> int:
    return max(1, (sums.end - sums.begin) // BINS + 1)


def _times(sums: Summary) -> tuple[str, ...]:
    span = sums.end - sums.begin
    form = next(form for most, form in FORMS if span < most)
    moments = (sums.begin + span * index // (TIMES - 1) for index in range(TIMES))
    return tuple(datetime.fromtimestamp(moment / 1000, UTC).strftime(form) for moment in moments)


def _moment(ms: int) -> str:
    return time_of(ms)[:19]


def _span(ms: int) -> str:
    for name, unit in (("days", 86_400_000), ("hours", 3_600_000), ("minutes", 60_000), ("seconds", 1000)):
        if ms >= 2 * unit:
            return f"{ms / unit:.3g} {name}"
    return f"{ms} ms"


def _delay(ms: float) -> str:
    for unit, length in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000)):
        if ms >= length:
            return f"{ms / length:.3g} {unit}"
    return f"{ms:.3g} ms"


def _short(value: float) -> str:
    return f"{value / 1e6:g} M" if value >= 1e6 else f"{value / 1e3:g} k" if value >= 1e3 else f"{value:g}"
