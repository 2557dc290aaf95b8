"""The page of `stats --html`: labels that can be read, and words where there is nothing to draw."""

import re
from itertools import pairwise

import pytest

from ops.replay import plots
from ops.replay.page import page
from workers.replay.summary import BINS, Summary

DAY_MS = 86_400_000
TICK = re.compile(r'<text class="tick" x="(\d+)" y="([\d.]+)" text-anchor="end">([^<]+)</text>')


def of(accepted: int, delays: list[list[float | None]]) -> Summary:
    return Summary(
        begin=0, end=DAY_MS, accepted=[accepted, *[0] * (BINS - 1)], bytes=[0] * BINS,
        delivered=int(any(map(any, delays))), owed={"under a minute": 1}, delays=delays,
        delay=[series[0] for series in delays],
    )  # fmt: skip


@pytest.mark.parametrize("frame", ["wide", "narrow"])
def test_the_labels_of_a_scale_never_touch(frame: str) -> None:
    """Of delays between a millisecond and a year: thirteen lines."""
    drawn = plots.lines(
        [[1.0, 300.0 * DAY_MS]], ("00:00", "12:00", "24:00"), str, logarithmic=True, title="x"
    )
    (picture,) = re.findall(rf'<svg class="{frame}".*?</svg>', drawn)
    heights = sorted(float(y) for x, y, _ in TICK.findall(picture) if int(x) < 100)
    assert len(heights) >= 8
    assert min(after - before for before, after in pairwise(heights)) >= plots.LABEL
    assert picture.count('<line class="grid"') == len(plots.DURATIONS)


@pytest.mark.parametrize(("most", "scale"), [(0, "0 1"), (1, "0 1"), (3, "0 1 2 3"), (12, "0 5 10 15")])
def test_counts_have_whole_numbers_beside_them(most: int, scale: str) -> None:
    drawn = plots.lines([[float(most)]], ("a", "b", "c"), lambda value: f"{value:g}", title="x")
    narrow = drawn[drawn.index('class="narrow"') :]
    assert [text for x, _, text in TICK.findall(narrow) if int(x) < 100] == scale.split()


def test_where_nothing_was_delivered_or_refused_the_page_says_so() -> None:
    text = page(of(1, [[None] * BINS] * 3))
    assert "Nothing was delivered in this time." in text
    assert "Nothing was refused in this time." in text
    assert text.count('<svg class="wide"') == 2
    assert page(of(1, [[5.0, *[None] * (BINS - 1)]] * 3)).count('<svg class="wide"') == 3
