"""The clients' own witness finds what was lost, shown twice or out of order, and allows repetitions."""

from uuid import UUID, uuid4

from tests.support.history import Delivered, Device, History, Sent
from tests.support.shown import shown

ANNA: Device = (UUID(int=1), 1)
BELA: Device = (UUID(int=2), 1)


def sent(seq: int, outcome: str = "accepted") -> Sent:
    return Sent(uuid4(), ANNA, BELA, b"", outcome, seq)  # type: ignore[arg-type]


def got(seq: int, of: Sent, connection: int = 1) -> Delivered:
    return Delivered(BELA, connection, seq, of.id, ANNA, b"")


def test_each_message_once_and_in_order_is_right_though_it_came_again() -> None:
    one, two = sent(1), sent(2)
    found = shown(
        History(sent=[one, two], delivered=[got(1, one), got(2, two), got(1, one, 2), got(2, two, 2)])
    )
    assert (found.messages, found.repeated, found.wrong()) == (2, 2, [])


def test_an_accepted_message_that_never_came_is_lost_and_a_refused_one_is_not() -> None:
    one, two = sent(1), sent(0, "refused")
    found = shown(History(sent=[one, two]))
    assert found.lost == [one.id]


def test_a_message_under_two_numbers_is_shown_twice() -> None:
    one = sent(1)
    found = shown(History(sent=[one], delivered=[got(1, one), got(2, one)]))
    assert found.twice == [one.id]
    assert found.wrong() == [f"{one.id} was shown twice"]


def test_a_message_after_one_that_was_sent_later_is_out_of_order() -> None:
    one, two = sent(2), sent(1)
    found = shown(History(sent=[one, two], delivered=[got(1, two), got(2, one)]))
    assert found.out_of_order == [one.id]
