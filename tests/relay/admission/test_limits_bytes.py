"""The window of bytes beside the window of events, on a real board: exact, and both or neither."""

import asyncio
import time
from uuid import uuid4

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from redis.crc import key_slot

from schema import keys
from schema.limits import BYTES, MESSAGES
from tests.support.limits_board import WINDOW_MS, Board

MANY = 1_000_000


async def test_as_many_bytes_as_the_limit_and_no_more(board: Board, user: str) -> None:
    replies = [await board.admit(user, MANY, size=size) for size in (400, 600, 1)]
    assert [reply[0] for reply in replies] == [1, 1, 0]
    assert replies[-1][2:] == [b"window", BYTES.encode()]
    assert WINDOW_MS - 1000 < replies[-1][1] <= WINDOW_MS
    assert (await board.admit(str(uuid4()), MANY, size=1000))[0] == 1


async def test_the_refusal_names_the_limit_and_counts_in_neither_window(board: Board, user: str) -> None:
    assert (await board.admit(user, 2, size=10))[0] == 1
    assert (await board.admit(user, 2, size=991))[3] == BYTES.encode()
    assert (await board.admit(user, 2, size=990))[0] == 1, "the refused one took no message"
    await board.age(user, WINDOW_MS)
    for size in (10, 10):
        await board.admit(user, 2, size=size)
    assert (await board.admit(user, 2, size=10))[3] == MESSAGES.encode()
    assert (await board.admit(user, 3, size=980))[0] == 1, "the refused one took no bytes"


async def test_the_bytes_of_a_resend_count_each_time(board: Board, user: str) -> None:
    """Else an attempt of one byte that is refused elsewhere would open the door for a large one."""
    assert (await board.admit(user, 1, size=1, event="a"))[0] == 1
    assert (await board.admit(user, 1, size=999, event="a"))[0] == 1
    assert (await board.admit(user, 1, size=1, event="a"))[3] == BYTES.encode()


async def test_the_refusal_says_when_enough_will_have_left_the_window(board: Board, user: str) -> None:
    for size in (100, 200, 700):
        await board.admit(user, MANY, size=size)
        await board.age(user, 10_000)
    waits = [(await board.admit(user, MANY, size=size))[1] for size in (100, 101, 300, 301, 1001)]
    for wait, expected in zip(waits, (30_000, 40_000, 40_000, 50_000, 60_000), strict=True):
        assert expected - 1000 < wait <= expected
    await board.age(user, waits[0])
    assert (await board.admit(user, MANY, size=100))[0] == 1


async def test_a_wait_behind_many_small_events_is_found(board: Board, user: str) -> None:
    began = time.monotonic()
    for _ in range(300):
        await board.admit(user, MANY, size=3)
    await board.age(user, 10_000)
    await board.admit(user, MANY, size=100)
    refused = await board.admit(user, MANY, size=900)
    spent = (time.monotonic() - began) * 1000
    assert 50_000 - spent <= refused[1] <= 50_000


async def test_the_operators_override_of_bytes_wins_either_way(board: Board, user: str) -> None:
    await board.client.hset(keys.override(user), BYTES, 50)
    assert [(await board.admit(user, MANY, size=50))[0] for _ in range(2)] == [1, 0]
    await board.client.hset(keys.override(user), BYTES, 5000)
    assert (await board.admit(user, MANY, size=4950))[0] == 1
    await board.client.hset(keys.override(user), BYTES, 0)
    assert (await board.admit(user, MANY, size=1))[3] == BYTES.encode()


async def test_a_clock_that_was_set_back_locks_nobody_out_of_bytes(board: Board, user: str) -> None:
    await board.admit(user, MANY, size=1000)
    await board.age(user, -3_600_000)
    assert (await board.admit(user, MANY, size=1000))[0] == 1


async def test_a_window_of_bytes_leaves_nothing_behind(board: Board, user: str) -> None:
    await board.admit(user, MANY, size=5)
    name = keys.limit_window(BYTES, user)
    assert 0 < await board.client.pttl(name) <= WINDOW_MS
    await board.age(user, WINDOW_MS)
    await board.admit(user, MANY, size=5)
    assert await board.client.llen(name) == 2, "a base, and one within the window"
    assert key_slot(name.encode()) == key_slot(keys.override(user).encode())


steps = st.lists(st.tuples(st.integers(0, 25_000), st.integers(0, 600)), min_size=1, max_size=25)


async def test_any_run_of_sizes_is_judged_as_a_plain_list_would(board: Board) -> None:
    """The oracle keeps time and size of all that was admitted; the board's clock is moved by ageing."""
    loop = asyncio.get_running_loop()

    async def follow(run: list[tuple[int, int]]) -> None:
        subject, now = str(uuid4()), 0
        admitted: list[tuple[int, int]] = []
        for passed, size in run:
            await board.age(subject, passed)
            now += passed
            # Between two steps real milliseconds pass; no step comes close enough to the edge to matter.
            if any(abs(at - (now - WINDOW_MS)) < 500 for at, _ in admitted):
                return
            inside = sum(amount for at, amount in admitted if at > now - WINDOW_MS)
            expected = inside + size <= 1000
            assert (await board.admit(subject, MANY, size=size))[0] == int(expected)
            admitted += [(now, size)] if expected else []

    @hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps)
    def judged_alike(run: list[tuple[int, int]]) -> None:
        asyncio.run_coroutine_threadsafe(follow(run), loop).result(60)

    await asyncio.to_thread(judged_alike)
