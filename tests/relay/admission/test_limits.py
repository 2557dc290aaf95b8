"""Limits on a real board: exact windows, resends, cooldowns, overrides; closed when in doubt."""

import asyncio
import os
import signal
from contextlib import suppress
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from relay.admission.refusal_notes import RefusalNotes
from schema import codec, keys
from schema.events import Refused
from schema.limits import BUNDLES_PER_TARGET, MESSAGES
from schema.refusals import Refusal
from tests.servers import Servers
from tests.support.limits_board import WINDOW_MS, Board
from tests.support.until import until


async def test_as_many_as_the_limit_and_no_more(board: Board, user: str) -> None:
    replies = [await board.admit(user, 5) for _ in range(7)]
    assert [reply[0] for reply in replies] == [1, 1, 1, 1, 1, 0, 0]
    assert replies[-1][2] == b"window"
    assert WINDOW_MS - 1000 < replies[-1][1] <= WINDOW_MS


async def test_other_subjects_and_other_limits_have_windows_of_their_own(board: Board, user: str) -> None:
    assert (await board.admit(user, 1))[0] == 1
    assert (await board.admit(user, 1))[0] == 0
    assert (await board.admit(user, 1, name="connections"))[0] == 1
    assert (await board.admit(str(uuid4()), 1))[0] == 1


async def test_the_window_slides_to_the_millisecond(board: Board, user: str) -> None:
    for _ in range(3):
        await board.admit(user, 3)
    await board.age(user, WINDOW_MS - 2000)
    refused = await board.admit(user, 3)
    assert refused[0] == 0
    assert 0 < refused[1] <= 2000
    await board.age(user, 2000)
    assert (await board.admit(user, 3))[0] == 1


async def test_waiting_as_long_as_told_is_enough(board: Board, user: str) -> None:
    for _ in range(5):
        await board.admit(user, 1, window=200)
        refused = await board.admit(user, 1, window=200)
        assert refused[0] == 0
        await asyncio.sleep(refused[1] / 1000)
        assert (await board.admit(user, 1, window=200))[0] == 1
        await asyncio.sleep(0.2)


async def test_threat_13_two_nodes_that_ask_at_once_admit_sixty_in_all(board: Board, user: str) -> None:
    nodes = [await board.node(), await board.node()]

    asked = (nodes[number % 2].admit(MESSAGES, user) for number in range(150))
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    refused = [outcome.code for outcome in outcomes if isinstance(outcome, Refusal)]
    assert outcomes.count(None) == 60
    assert refused == ["rate_limited"] * 90


async def test_the_same_event_again_counts_once_five_times_over(board: Board, user: str) -> None:
    assert [(await board.admit(user, 2, event="a"))[0] for _ in range(6)] == [1] * 6
    assert (await board.admit(user, 2, event="b"))[0] == 1
    assert (await board.admit(user, 2, event="c"))[0] == 0
    assert (await board.admit(user, 2, event="b"))[0] == 1


async def test_a_resend_beyond_five_counts_like_a_new_event(board: Board, user: str) -> None:
    for _ in range(6):
        await board.admit(user, 2, event="a")
    assert (await board.admit(user, 2, event="a"))[0] == 1
    assert (await board.admit(user, 2, event="a"))[0] == 0
    assert (await board.admit(user, 2, event="b"))[0] == 0


async def test_a_resend_after_the_window_counts_again(board: Board, user: str) -> None:
    await board.admit(user, 1, event="a")
    await board.age(user, WINDOW_MS)
    assert (await board.admit(user, 1, event="b"))[0] == 1
    assert (await board.admit(user, 1, event="a"))[0] == 0


async def test_threat_13_a_resend_counts_at_its_own_time(board: Board, user: str) -> None:
    """Else ids that were refused elsewhere could be hoarded, and sent together with a fresh window's."""
    await board.admit(user, 2, event="a")
    await board.admit(user, 2, event="b")
    await board.age(user, WINDOW_MS - 2000)
    assert (await board.admit(user, 2, event="a"))[0] == 1
    await board.age(user, 3000)
    assert (await board.admit(user, 2, event="c"))[0] == 1
    assert (await board.admit(user, 2, event="d"))[0] == 0


async def test_the_operators_override_wins_either_way(board: Board, user: str) -> None:
    await board.client.hset(keys.override(user), MESSAGES, 2)
    assert [(await board.admit(user, 60))[0] for _ in range(3)] == [1, 1, 0]
    await board.client.hset(keys.override(user), MESSAGES, 4)
    assert [(await board.admit(user, 1))[0] for _ in range(3)] == [1, 1, 0]
    await board.client.hset(keys.override(user), MESSAGES, 0)
    assert await board.admit(user, 60) == [0, WINDOW_MS, b"window", MESSAGES.encode()]


async def test_a_lowered_limit_tells_when_enough_has_left_the_window(board: Board, user: str) -> None:
    for _ in range(4):
        await board.admit(user, 60)
        await board.age(user, 10_000)
    await board.client.hset(keys.override(user), MESSAGES, 2)
    refused = await board.admit(user, 60)
    assert refused[0] == 0
    assert 39_000 < refused[1] <= 40_000


async def test_nothing_is_admitted_during_a_cooldown(board: Board, user: str) -> None:
    await board.client.set(keys.cooldown(user), "1", px=5000)
    reply = await board.admit(user, 60)
    assert (reply[0], reply[2]) == (0, b"cooldown")
    assert 4000 < reply[1] <= 5000


async def test_a_clock_that_was_set_back_an_hour_locks_nobody_out(board: Board, user: str) -> None:
    for _ in range(3):
        await board.admit(user, 3)
    await board.age(user, -3_600_000)
    assert (await board.admit(user, 3))[0] == 1


async def test_a_window_leaves_nothing_behind(board: Board, user: str) -> None:
    await board.admit(user, 3, window=100, event="a")
    assert 0 < await board.client.pttl(keys.limit_window(MESSAGES, user)) <= 100
    await asyncio.sleep(0.15)
    assert await board.client.keys("limit:*") == []


async def test_all_keys_of_a_subject_are_in_one_slot_of_a_cluster(user: str) -> None:
    from redis.crc import key_slot

    names = [keys.limit_window(MESSAGES, user), keys.override(user), keys.cooldown(user)]
    assert len({key_slot(name.encode()) for name in names}) == 1


async def test_an_event_can_be_forgiven_once(board: Board, user: str) -> None:
    limits = await board.node()
    for number in range(60):
        await limits.admit(MESSAGES, user, event_id=str(number))
    with pytest.raises(Refusal):
        await limits.admit(MESSAGES, user, event_id="60")
    await limits.forgive(MESSAGES, user, event_id="7")
    await limits.forgive(MESSAGES, user, event_id="7")
    await limits.admit(MESSAGES, user, event_id="60")
    with pytest.raises(Refusal):
        await limits.admit(MESSAGES, user, event_id="61")


steps = st.lists(
    st.tuples(st.integers(0, 25_000), st.sampled_from(["", "a", "b", "c"])), min_size=1, max_size=25
)


async def test_any_run_of_events_is_judged_as_a_plain_list_of_times_would(board: Board) -> None:
    """The oracle keeps every admission's time in a list; the board's clock is moved by ageing the window."""
    loop = asyncio.get_running_loop()

    async def follow(run: list[tuple[int, str]]) -> None:
        subject, count, now = str(uuid4()), 4, 0
        admitted: list[tuple[int, str]] = []
        resends: dict[str, int] = {}
        for passed, event in run:
            await board.age(subject, passed)
            now += passed
            inside = [(at, name) for at, name in admitted if at > now - WINDOW_MS]
            known = event and any(name == event for _, name in inside)
            is_resend = known and resends.get(event, 0) < 5
            expected = bool(is_resend) or len(inside) < count
            # Between two steps real milliseconds pass; no step comes close enough to the edge to matter.
            if any(abs(at - (now - WINDOW_MS)) < 3_000 for at, _ in admitted):
                return
            assert (await board.admit(subject, count, event=event))[0] == int(expected)
            if is_resend:
                admitted = [(now, name) if name == event else (at, name) for at, name in inside]
                resends[event] = resends.get(event, 0) + 1
            elif expected:
                admitted = [*inside, (now, "" if known else event)]
                if not known:
                    resends[event] = 0

    @hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps)
    def judged_alike(run: list[tuple[int, str]]) -> None:
        asyncio.run_coroutine_threadsafe(follow(run), loop).result(60)

    await asyncio.to_thread(judged_alike)


async def test_an_empty_board_gets_its_functions_again(board: Board, user: str) -> None:
    limits = await board.node()
    await board.client.function_flush("SYNC")
    await limits.admit(MESSAGES, user)
    assert await board.client.function_list(library="*")


async def test_a_board_that_is_away_admits_nothing(board: Board, servers: Servers, user: str) -> None:
    limits = await board.node()
    servers.kill("board")
    for ask in (limits.admit(MESSAGES, user), limits.spend(BUNDLES_PER_TARGET, user, uuid4())):
        with pytest.raises(Refusal) as caught:
            await ask
        assert caught.value.code == "unavailable"
    servers.revive()

    async def admitted() -> bool:
        with suppress(Refusal):
            await limits.admit(MESSAGES, user)
            return True
        return False

    await until(admitted)


async def test_a_board_that_stands_still_admits_nothing(
    board: Board, servers: Servers, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = await board.node()
    monkeypatch.setattr("relay.admission.admission.BOARD_SECONDS", 0.2)
    os.kill(servers.pid("board"), signal.SIGSTOP)
    try:
        with pytest.raises(Refusal) as caught:
            await limits.admit(MESSAGES, user)
    finally:
        os.kill(servers.pid("board"), signal.SIGCONT)
    assert caught.value.code == "unavailable"


async def test_refusals_are_noted_in_the_limits_log(board: Board) -> None:
    notes, someone = RefusalNotes(board.log), uuid4()
    for _ in range(3):
        notes.note(someone, MESSAGES)
    rows = await until(lambda: _noted(board.log, 3))
    assert [(one.user, one.limit) for one in rows] == [(someone, MESSAGES)] * 3


async def _noted(log: "Redis[bytes]", count: int) -> list[Refused]:
    rows = await log.xrange(keys.LIMITS_LOG)
    return [codec.decode_refused(fields[b"e"]) for _, fields in rows] if len(rows) >= count else []


async def test_a_log_that_is_away_costs_the_notes_and_nothing_else(board: Board, servers: Servers) -> None:
    notes = RefusalNotes(board.log)
    servers.kill("log")
    notes.note(uuid4(), MESSAGES)
    assert notes._noting is not None
    await notes._noting
    servers.revive()
    notes.note(uuid4(), MESSAGES)
    assert len(await until(lambda: _noted(board.log, 1))) == 1
