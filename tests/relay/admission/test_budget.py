"""A socket's budget: generous at once, bounded over time, nothing too dear for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.admission.budget import Budget
from schema.refusals import Refusal


class Clock:
    """Time that a test turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def refused(budget: Budget, units: int = 1) -> int | None:
    """The ms to wait, or None when it was granted."""
    try:
        budget.spend(units)
    except Refusal as refusal:
        assert refusal.code == "rate_limited"
        return refusal.retry_after_ms
    return None


def test_the_burst_is_there_at_once_and_then_so_many_a_second() -> None:
    clock = Clock()
    budget = Budget(10, 2, clock)
    assert [refused(budget) for _ in range(10)] == [None] * 10
    assert refused(budget) == 501
    clock.now += 0.501
    assert refused(budget) is None
    assert refused(budget) is not None


def test_a_call_dearer_than_the_burst_is_granted_once_and_paid_back() -> None:
    clock = Clock()
    budget = Budget(10, 2, clock)
    assert refused(budget, 100) is None
    wait = refused(budget)
    assert wait == 45_501
    clock.now += 45.4
    assert refused(budget) is not None
    clock.now += 0.2
    assert refused(budget) is None


def test_idle_time_gains_no_more_than_the_burst() -> None:
    clock = Clock()
    budget = Budget(5, 1, clock)
    clock.now += 1_000_000
    assert [refused(budget) for _ in range(6)][:5] == [None] * 5
    with pytest.raises(Refusal):
        budget.spend(1)


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(1, 20)), max_size=60))
def test_never_more_than_the_promised_is_spent(asked: list[tuple[float, int]]) -> None:
    clock = Clock()
    budget = Budget(15, 4, clock)
    granted = 0
    for pause, units in asked:
        clock.now += pause
        if refused(budget, units) is None:
            granted += units
    assert granted <= 15 + 20 + 4 * (clock.now - 100.0) + 0.001


@given(st.lists(st.integers(1, 20), min_size=1, max_size=30))
def test_who_waits_as_told_is_granted(asked: list[int]) -> None:
    clock = Clock()
    budget = Budget(15, 4, clock)
    for units in asked:
        wait = refused(budget, units)
        if wait is not None:
            clock.now += wait / 1000
            assert refused(budget, units) is None


def test_a_delay_is_what_pays_the_debt_back() -> None:
    clock = Clock()
    budget = Budget(10, 2, clock)
    assert [budget.delay(1) for _ in range(10)] == [0.0] * 10
    assert budget.delay(1) == 0.5
    assert budget.delay(4) == 2.5
    clock.now += 2.5
    assert budget.delay(1) == 0.5
