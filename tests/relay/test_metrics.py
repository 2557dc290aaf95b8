"""Tallies are what Prometheus' own counters and histograms would be."""

from itertools import count

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY, CollectorRegistry, Histogram

from relay.metrics import Tally, Timings

BOUNDS = (0.1, 0.5, 1.0)
NUMBERS = count()


def samples(registry: CollectorRegistry, name: str) -> dict[tuple[str, str | None], float]:
    """A scrape of one histogram. It does not collect the others, which costs six milliseconds."""
    parts = [f"{name}_{part}" for part in ("bucket", "sum", "count")]
    found = registry.restricted_registry(parts).collect()
    return {(one.name, one.labels.get("le")): one.value for metric in found for one in metric.samples}


def test_a_tally_is_scraped_as_a_counter() -> None:
    tally = Tally("sealstream_tallied", "In this test.")
    try:
        tally.inc()
        tally.inc(4)
        assert REGISTRY.get_sample_value("sealstream_tallied_total") == 5
    finally:
        REGISTRY.unregister(tally)


@given(st.lists(st.sampled_from([0.0, 0.05, 0.1, 0.100001, 0.5, 0.7, 1.0, 1.5, 9.0]), max_size=20))
def test_timings_are_scraped_as_a_histogram(seconds: list[float]) -> None:
    name = f"sealstream_timed_{next(NUMBERS)}"
    timings, registry = Timings(name, "In this test.", BOUNDS), CollectorRegistry()
    theirs = Histogram(name, "In this test.", buckets=BOUNDS, registry=registry)
    try:
        for one in seconds:
            timings.observe(one)
            theirs.observe(one)
        scraped = samples(REGISTRY, name)
        assert scraped == samples(registry, name)
        assert len(scraped) == len(BOUNDS) + len(("+Inf", "sum", "count"))
    finally:
        REGISTRY.unregister(timings)
