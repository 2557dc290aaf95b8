"""How much may be on its way to a client is learned from the answers to pings."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from relay.sockets.lean_socket import LeanSocket
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


class Network:
    """Takes everything at once."""

    def write(self, data: bytes) -> None:
        """It is on its way."""

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0


Step = tuple[str, int]
steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 1024 * 1024)),
        st.tuples(st.just("fill"), st.just(0)),
        st.tuples(st.just("ping"), st.just(0)),
        st.tuples(st.just("answer"), st.integers(1, 4)),
        st.tuples(st.just("wait"), st.integers(0, 8)),
    ),
    max_size=60,
)
WIDENED: list[Step] = [("fill", 0), ("answer", 4)] * 3
PINGS_CLOSE_TOGETHER: list[Step] = [("write", 1), ("ping", 0), ("write", 1), ("ping", 0), ("write", 400_000)]


@given(steps)
@example([*WIDENED, *PINGS_CLOSE_TOGETHER, ("wait", 6), ("answer", 2)])
def test_where_there_is_no_room_a_ping_is_outstanding(run: list[Step]) -> None:
    """Else nothing would make room until the next ping by the clock: the client has nothing to answer."""
    clock = Clock()
    unused: Any = None
    network: Any = Network()
    socket = LeanSocket("s", unused, network, unused, unused)
    socket._pace = Pace(clock)
    for what, number in run:
        if what == "wait":
            clock.now += number
        elif what == "answer":
            for _ in range(number):
                socket.pong()
        elif what == "ping":
            socket.ping()
        elif what == "write":
            socket.write(b"x" * number)
        else:
            while socket.room > 0:
                socket.write(b"x" * 16_384)
        assert socket.room > 0 or socket._pings > socket._pongs
