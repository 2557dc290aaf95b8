"""Dividing what was submitted in one turn: in order, within both bounds, nothing left out."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from relay.log_calls import CALL_BYTES, CALL_SENDS, divided

SIZES = st.lists(st.integers(0, 1_000_000) | st.just(0) | st.just(CALL_BYTES + 1), max_size=300)


@given(SIZES)
def test_calls_are_within_their_bounds_and_as_few_as_in_order_possible(sizes: list[int]) -> None:
    calls = divided(sizes, lambda size: size)
    assert [size for call in calls for size in call] == sizes
    for call in calls:
        assert 1 <= len(call) <= CALL_SENDS
        assert sum(call) <= CALL_BYTES or len(call) == 1
    for call, following in pairwise(calls):
        assert len(call) == CALL_SENDS or sum(call) + following[0] > CALL_BYTES
