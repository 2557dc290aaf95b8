"""Percentiles of what was measured."""


def percentile(times: list[float], share: float) -> float:
    """The value below which `share` of `times` lie (nearest rank); 0 for none."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
