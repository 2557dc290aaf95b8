"""Calls to the log: in order per sender, within their bounds, nothing left out, nobody behind another's."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from relay.log.calls import CALL_SENDS, UNDER_WAY_BYTES, Call, Calls
from schema.limits import CALL_BYTES

Item = tuple[str, int, int]
"""Sender, place in the order of submission, bytes."""

SUBMITTED = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.integers(1, CALL_BYTES) | st.just(100)),
    max_size=300,
)


@given(SUBMITTED, st.randoms(use_true_random=False))
def test_everything_leaves_in_its_senders_order_and_within_the_bounds(
    submitted: list[tuple[str, int, int]], random: Random
) -> None:
    calls: Calls[Item] = Calls()
    for place, (sender, partition, size) in enumerate(submitted):
        calls.submit(sender, "accept", partition, size, (sender, place, size))
    under_way: list[Call[Item]] = []
    left: list[Item] = []
    while calls.waiting or under_way:
        begun = calls.begin()
        for call in begun:
            assert 1 <= len(call.submissions) <= CALL_SENDS
            assert {submitted[place][1] for _, place, _ in call.submissions} == {call.partition}
            left += call.submissions
        under_way += begun
        lanes = [call.lane for call in under_way]
        assert len(lanes) == len(set(lanes)), "one call of a function and partition"
        assert sum(call.size for call in under_way) < UNDER_WAY_BYTES + CALL_BYTES
        ended = under_way.pop(random.randrange(len(under_way)))
        calls.over(ended)
        calls.over(ended)
    assert sorted(place for _, place, _ in left) == list(range(len(submitted)))
    for sender in "abc":
        for partition in range(4):
            places = [place for who, place, _ in left if (who, submitted[place][1]) == (sender, partition)]
            assert places == sorted(places)


def test_a_small_message_waits_for_what_is_under_way_only() -> None:
    calls: Calls[Item] = Calls()
    for place in range(64):
        calls.submit("heavy", "accept", 0, 65_536, ("heavy", place, 65_536))
    (first,) = calls.begin()
    calls.submit("light", "accept", 0, 512, ("light", 64, 512))
    assert calls.begin() == [], "the bound is reached"
    calls.over(first)
    (following,) = calls.begin()
    assert ("light", 64, 512) in following.submissions


def test_an_acknowledgement_does_not_wait_for_its_users_own_sends() -> None:
    calls: Calls[Item] = Calls()
    for place in range(64):
        calls.submit("heavy", "accept", 0, 65_536, ("heavy", place, 65_536))
    (first,) = calls.begin()
    calls.submit("heavy", "acknowledge", 0, 40, ("heavy", 64, 40))
    calls.over(first)
    assert "acknowledge" in {call.function for call in calls.begin()}


def test_what_is_submitted_while_a_call_is_under_way_goes_together_with_the_next() -> None:
    calls: Calls[Item] = Calls()
    calls.submit("ada", "accept", 0, 100, ("ada", 0, 100))
    (first,) = calls.begin()
    for place, sender in enumerate("bc", start=1):
        calls.submit(sender, "accept", 0, 100, (sender, place, 100))
    calls.submit("d", "accept", 1, 100, ("d", 3, 100))
    (elsewhere,) = calls.begin()
    assert elsewhere.partition == 1
    calls.over(first)
    (following,) = calls.begin()
    assert following.submissions == [("b", 1, 100), ("c", 2, 100)]


def test_a_call_whose_connection_was_lost_holds_back_its_own_partition_only() -> None:
    calls: Calls[Item] = Calls()
    for place in range(4):
        calls.submit("ada", "accept", 0, UNDER_WAY_BYTES // 4, ("ada", place, UNDER_WAY_BYTES // 4))
    (lost,) = calls.begin()
    for partition in (0, 1):
        calls.submit("bob", "accept", partition, 100, ("bob", 4 + partition, 100))
    assert calls.begin() == [], "the bound is reached"
    calls.stalled(lost)
    (other,) = calls.begin()
    assert other.partition == 1
    calls.over(lost)
    (later,) = calls.begin()
    assert later.submissions == [("bob", 4, 100)]
    calls.over(lost)
    calls.submit("bob", "accept", 0, 100, ("bob", 6, 100))
    assert calls.begin() == [], "a call that is over frees its partition once"
