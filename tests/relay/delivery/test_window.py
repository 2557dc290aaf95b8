"""A socket's numbers: in order, without gaps, within bounds; against a naive oracle."""

from hypothesis import given
from hypothesis import strategies as st

from relay.delivery.window import SendWindow, Verdict


def test_the_next_number_is_sent_an_old_one_dropped_a_later_one_is_a_gap() -> None:
    delivery = SendWindow()
    assert delivery.offer(1, 10) is Verdict.SEND
    assert delivery.offer(1, 10) is Verdict.OLD
    assert delivery.offer(3, 10) is Verdict.GAP
    assert delivery.offer(2, 10) is Verdict.SEND
    assert (delivery.sent, delivery.in_flight) == (2, 2)


def test_no_more_than_the_bound_is_in_flight() -> None:
    delivery = SendWindow(most_envelopes=2, most_bytes=1000)
    assert [delivery.offer(seq, 1) for seq in (1, 2, 3)] == [Verdict.SEND, Verdict.SEND, Verdict.FULL]
    delivery.settle(1)
    assert delivery.offer(3, 1) is Verdict.SEND


def test_bytes_are_bounded_but_one_envelope_always_passes() -> None:
    delivery = SendWindow(most_envelopes=10, most_bytes=100)
    assert delivery.offer(1, 500) is Verdict.SEND
    assert delivery.room == 0
    assert delivery.offer(2, 1) is Verdict.FULL
    delivery.settle(1)
    assert delivery.offer(2, 60) is Verdict.SEND
    assert delivery.offer(3, 60) is Verdict.FULL


def test_settling_beyond_what_was_sent_skips_it() -> None:
    delivery = SendWindow()
    delivery.settle(7)
    assert delivery.offer(7, 1) is Verdict.OLD
    assert delivery.offer(8, 1) is Verdict.SEND


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("offer"), st.integers(1, 12), st.integers(1, 40)),
            st.tuples(st.just("settle"), st.integers(0, 12), st.just(0)),
        ),
        max_size=80,
    )
)
def test_whatever_is_offered_the_sent_numbers_are_gapless_and_bounded(
    steps: list[tuple[str, int, int]],
) -> None:
    delivery = SendWindow(most_envelopes=4, most_bytes=100)
    sent = settled = 0
    unsettled: dict[int, int] = {}
    for step, number, size in steps:
        if step == "settle":
            delivery.settle(number)
            settled, sent = max(settled, number), max(sent, number)
            unsettled = {seq: kept for seq, kept in unsettled.items() if seq > number}
        elif delivery.offer(number, size) is Verdict.SEND:
            assert number == sent + 1
            assert not unsettled or sum(unsettled.values()) + size <= 100
            unsettled[number] = size
            sent = number
        assert delivery.sent == sent
        assert delivery.in_flight == len(unsettled) <= 4
