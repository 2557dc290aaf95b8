"""The queue that is fair by bytes, held against what it promises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.log.fair_queue import FairQueue

LANE = 0
ITEMS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 1000)), max_size=60)


@given(ITEMS)
def test_what_one_sender_put_in_leaves_in_its_order_and_nothing_is_lost(items: list[tuple[str, int]]) -> None:
    queue: FairQueue[int, tuple[str, int]] = FairQueue()
    for number, (sender, size) in enumerate(items):
        queue.push(LANE, sender, size, (sender, number))
    left = [queue.pop(LANE) for _ in items]
    assert not queue
    assert sorted(number for _, number in left) == list(range(len(items)))
    for sender in "abc":
        numbers = [number for who, number in left if who == sender]
        assert numbers == sorted(numbers)


@given(st.integers(1, 12), st.integers(0, 40))
def test_a_sender_of_little_waits_for_one_item_of_each_other_at_most(others: int, served: int) -> None:
    queue: FairQueue[int, str] = FairQueue()
    for number in range(64 * others):
        queue.push(LANE, f"heavy {number % others}", 65_536, "heavy")
    for _ in range(min(served, 64 * others - 1)):
        queue.pop(LANE)
    queue.push(LANE, "light", 512, "light")
    before = 0
    while queue.pop(LANE) != "light":
        before += 1
    assert before <= others


def test_a_share_counts_from_when_nothing_waited() -> None:
    queue: FairQueue[int, str] = FairQueue()
    queue.push(LANE, "ada", 1_000_000, "ada 1")
    assert queue.pop(LANE) == "ada 1"
    queue.push(LANE, "ada", 10, "ada 2")
    queue.push(LANE, "bob", 10, "bob")
    assert [queue.pop(LANE), queue.pop(LANE)] == ["ada 2", "bob"]


def test_senders_with_as_much_to_say_take_turns() -> None:
    queue: FairQueue[int, str] = FairQueue()
    for sender in ("ada", "bob"):
        for number in range(3):
            queue.push(LANE, sender, 10, f"{sender} {number}")
    assert [queue.pop(LANE) for _ in range(6)] == ["ada 0", "bob 0", "ada 1", "bob 1", "ada 2", "bob 2"]


def test_a_busy_lane_is_skipped_and_keeps_its_order() -> None:
    queue: FairQueue[int, str] = FairQueue()
    for lane, item in ((1, "a"), (1, "b"), (2, "c")):
        queue.push(lane, "ada", 10, item)
    assert queue.first() == 1
    assert queue.first(busy={1}) == 2
    assert queue.first(busy={1, 2}) is None
    assert queue.pop(2) == "c"
    assert [queue.pop(1), queue.pop(1)] == ["a", "b"]
    with pytest.raises(KeyError):
        queue.pop(1)
    assert queue.first() is None


@given(ITEMS, st.integers(1, 60))
def test_a_lanes_items_leave_together_in_the_order_in_which_they_would_leave_alone(
    items: list[tuple[str, int]], most: int
) -> None:
    together: FairQueue[int, int] = FairQueue()
    alone: FairQueue[int, int] = FairQueue()
    for number, (sender, size) in enumerate(items):
        for queue in (together, alone):
            queue.push(LANE, sender, size, number)
    left = []
    while together:
        assert together.lanes() == [LANE]
        left.append(together.pop_all(LANE, most))
        assert 1 <= len(left[-1]) <= most
    assert [one for some in left for one in some] == [alone.pop(LANE) for _ in items]
    assert together.lanes() == []
    with pytest.raises(KeyError):
        together.pop_all(LANE, most)
