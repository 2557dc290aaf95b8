"""The queue that is fair by bytes, held against what it promises."""

from hypothesis import given
from hypothesis import strategies as st

from relay.fair_queue import FairQueue

ITEMS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 1000)), max_size=60)


@given(ITEMS)
def test_what_one_sender_put_in_leaves_in_its_order_and_nothing_is_lost(items: list[tuple[str, int]]) -> None:
    queue: FairQueue[tuple[str, int]] = FairQueue()
    for number, (sender, size) in enumerate(items):
        queue.push(sender, size, (sender, number))
    left = [queue.pop() for _ in items]
    assert not queue
    assert sorted(number for _, number in left) == list(range(len(items)))
    for sender in "abc":
        numbers = [number for who, number in left if who == sender]
        assert numbers == sorted(numbers)


@given(st.integers(1, 12), st.integers(0, 40))
def test_a_sender_of_little_waits_for_one_item_of_each_other_at_most(others: int, served: int) -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(64 * others):
        queue.push(f"heavy {number % others}", 65_536, "heavy")
    for _ in range(min(served, 64 * others - 1)):
        queue.pop()
    queue.push("light", 512, "light")
    before = 0
    while queue.pop() != "light":
        before += 1
    assert before <= others


def test_a_share_counts_from_when_nothing_waited() -> None:
    queue: FairQueue[str] = FairQueue()
    queue.push("ada", 1_000_000, "ada 1")
    assert queue.pop() == "ada 1"
    queue.push("ada", 10, "ada 2")
    queue.push("bob", 10, "bob")
    assert [queue.pop(), queue.pop()] == ["ada 2", "bob"]


def test_senders_with_as_much_to_say_take_turns() -> None:
    queue: FairQueue[str] = FairQueue()
    for sender in ("ada", "bob"):
        for number in range(3):
            queue.push(sender, 10, f"{sender} {number}")
    assert [queue.pop() for _ in range(6)] == ["ada 0", "bob 0", "ada 1", "bob 1", "ada 2", "bob 2"]
