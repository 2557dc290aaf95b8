"""Plots as SVG text: lines over time, and bars, each for a wide and for a narrow screen; the page's style
shows one of the two. Colours come from the page (CSS variables), so that both themes fit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from typing import Final


@dataclass(frozen=True)
class Frame:
    """The measures of a drawing. `left`: room for the scale; `names`: for what bars are called."""

    kind: str
    width: int
    left: int
    names: int
    all_times: bool


FRAMES: Final = (Frame("wide", 720, 84, 190, all_times=True), Frame("narrow", 360, 58, 136, all_times=False))
HEIGHT: Final = 240
RIGHT: Final = 12
TOP: Final = 12
BOTTOM: Final = 28
LABEL: Final = 15
"""Between two labels of a scale, at least."""

HOUR: Final = 3_600_000.0
DURATIONS: Final = (
    *(1.0, 10.0, 100.0, 1000.0, 10_000.0, 60_000.0, 600_000.0),
    *(HOUR, 6 * HOUR, 24 * HOUR, 7 * 24 * HOUR, 30 * 24 * HOUR, 365 * 24 * HOUR),
)
"""Where the scale of delays has its lines (ms)."""

Series = Sequence[float | None]


def lines(
    series: Sequence[Series], times: tuple[str, ...], unit: Callable[[float], str], *,
    logarithmic: bool = False, title: str,
) -> str:  # fmt: skip
    """Each series as a line (the only one with its area), from left to right in equal steps. The scale is of
    counts, or `logarithmic` of durations (ms)."""
    return _both(lambda frame: _lines(frame, series, times, unit, logarithmic), title)


def _lines(
    frame: Frame, series: Sequence[Series], times: tuple[str, ...], unit: Callable[[float], str],
    logarithmic: bool,
) -> tuple[list[str], int]:  # fmt: skip
    values = [value for one in series for value in one if value is not None]
    low, high, ticks = _logarithmic(values) if logarithmic else _linear(values)
    count = max(len(one) for one in series)

    def place(index: int, value: float) -> tuple[float, float]:
        share = (
            (log10(max(value, low)) - log10(low)) / (log10(high) - log10(low))
            if logarithmic
            else value / high
        )
        return round(_across(frame, index, count), 1), round(
            HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share, 1
        )

    parts = _scale(frame, [(place(0, tick)[1], unit(tick)) for tick in ticks])
    parts += _times(frame, times)
    for number, one in enumerate(series):
        for stretch in _stretches(one):
            points = [place(index, value) for index, value in stretch]
            path = " ".join(f"{x},{y}" for x, y in points)
            if len(series) == 1:
                base = HEIGHT - BOTTOM
                outline = f"{points[0][0]},{base} {path} {points[-1][0]},{base}"
                parts.append(f'<polygon class="area" points="{outline}"/>')
            if len(points) == 1:
                ((x, y),) = points
                parts.append(f'<circle class="dot s{number}" cx="{x}" cy="{y}" r="4"/>')
            else:
                parts.append(f'<polyline class="line s{number}" points="{path}"/>')
    return parts, HEIGHT


def bars(rows: Sequence[tuple[str, int]], *, title: str) -> str:
    """A row for each: its name, a bar, its count."""
    return _both(lambda frame: _bars(frame, rows), title)


def _bars(frame: Frame, rows: Sequence[tuple[str, int]]) -> tuple[list[str], int]:
    height, name_width, step = 30 * len(rows) + 8, frame.names, 30
    most = max((count for _, count in rows), default=0) or 1
    parts = []
    for index, (name, count) in enumerate(rows):
        y = 4 + index * step
        width = round((frame.width - name_width - 90) * count / most, 1)
        parts.append(
            f'<text class="name" x="{name_width - 12}" y="{y + 18}" text-anchor="end">{escape(name)}</text>'
        )
        parts.append(f'<rect class="bar" x="{name_width}" y="{y + 4}" width="{width}" height="20" rx="3"/>')
        beside = name_width + width + (8 if width else 0)
        parts.append(f'<text class="count" x="{beside}" y="{y + 18}">{count:,}</text>')
    return parts, height


def _stretches(series: Series) -> list[list[tuple[int, float]]]:
    """The parts of a series without a hole: nothing is drawn where nothing was."""
    found: list[list[tuple[int, float]]] = [[]]
    for index, value in enumerate(series):
        if value is not None:
            found[-1].append((index, value))
        elif found[-1]:
            found.append([])
    return [stretch for stretch in found if stretch]


def _both(draw: Callable[[Frame], tuple[list[str], int]], title: str) -> str:
    return "".join(_svg(frame, *draw(frame), title) for frame in FRAMES)


def _svg(frame: Frame, parts: Sequence[str], height: int, title: str) -> str:
    return (
        f'<svg class="{frame.kind}" viewBox="0 0 {frame.width} {height}" role="img" '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title>{"".join(parts)}</svg>'
    )


def _across(frame: Frame, index: int, count: int) -> float:
    return frame.left + (frame.width - frame.left - RIGHT) * index / max(1, count - 1)


def _scale(frame: Frame, ticks: Sequence[tuple[float, str]]) -> list[str]:
    """From the bottom up; a label that would touch the one below it is left out."""
    parts, below = [], 2.0 * HEIGHT
    for y, text in ticks:
        parts.append(f'<line class="grid" x1="{frame.left}" y1="{y}" x2="{frame.width - RIGHT}" y2="{y}"/>')
        if below - y >= LABEL:
            place = f'x="{frame.left - 8}" y="{y + 4}" text-anchor="end"'
            parts.append(f'<text class="tick" {place}>{escape(text)}</text>')
            below = y
    return parts


def _times(frame: Frame, times: tuple[str, ...]) -> list[str]:
    parts = []
    for index, text in enumerate(times):
        if index % 2 and not frame.all_times:
            continue
        anchor = "start" if index == 0 else "end" if index == len(times) - 1 else "middle"
        place = f'x="{_across(frame, index, len(times)):.0f}" y="{HEIGHT - 8}" text-anchor="{anchor}"'
        parts.append(f'<text class="tick" {place}>{escape(text)}</text>')
    return parts


def _linear(values: Sequence[float]) -> tuple[float, float, list[float]]:
    most = max(values, default=0) or 1
    power = 10.0 ** floor(log10(most))
    steps = (power * part for part in (0.1, 0.2, 0.25, 0.5, 1, 2))
    step = next(step for step in steps if most <= 5 * step and step == int(step))
    count = ceil(most / step)
    return 0.0, step * count, [step * number for number in range(count + 1)]


def _logarithmic(values: Sequence[float]) -> tuple[float, float, list[float]]:
    """Of durations in ms: ticks are what a clock shows."""
    least, most = min(values, default=1), max(values, default=10)
    low = max((tick for tick in DURATIONS if tick <= least), default=DURATIONS[0])
    high = min((tick for tick in DURATIONS if tick > max(low, most - 1)), default=DURATIONS[-1])
    return low, high, [tick for tick in DURATIONS if low <= tick <= high]
