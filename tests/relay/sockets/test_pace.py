"""How much may be on its way to a client is learned from the answers to pings."""

from relay.sockets.pace import LEAST_BYTES, MOST_BYTES, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def fill(pace: Pace) -> None:
    """Writes until there is no room, with pings where they are due."""
    while pace.room > 0:
        pace.written += 1024
        if pace.is_due:
            pace.mark()


def test_no_more_than_the_window_is_on_its_way() -> None:
    pace = Pace(Clock())
    fill(pace)
    assert pace.written == LEAST_BYTES


def test_quick_answers_widen_the_window_up_to_the_most() -> None:
    pace = Pace(Clock())
    for _ in range(10):
        fill(pace)
        while pace.room < MOST_BYTES and pace._marks:
            pace.answered()
    assert pace.room == MOST_BYTES


def test_slow_answers_narrow_it_again_but_never_below_the_least() -> None:
    clock = Clock()
    pace = Pace(clock)
    for wait in (0, 0, 0, 6, 6, 6, 6, 6, 6):
        fill(pace)
        clock.now += wait
        while pace._marks:
            pace.answered()
    fill(pace)
    assert pace.room == 0
    clock.now += 6
    while pace._marks:
        pace.answered()
    assert pace.room == LEAST_BYTES


def test_pings_without_data_before_them_teach_nothing() -> None:
    pace = Pace(Clock())
    for _ in range(20):
        pace.written += 3
        pace.mark()
        pace.answered()
    assert pace.room == LEAST_BYTES


def test_where_there_is_no_room_an_answer_is_under_way() -> None:
    clock = Clock()
    pace = Pace(clock)
    for wait in (0, 6, 0, 2, 6, 6):
        fill(pace)
        assert pace._marks
        clock.now += wait
        while pace._marks:
            pace.answered()
        assert pace.room > 0
