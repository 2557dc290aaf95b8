"""Admission on a real board: exact, and closed whenever it cannot be asked."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from relay.admission.admission import EVENTS_AT_ONCE, Admission
from schema import functions, servers
from schema.limits import BYTES, MESSAGES, MINUTE, Limit
from schema.link import Link
from schema.refusals import Refusal

THREE: Limit = Limit(MESSAGES, 3, MINUTE, "user", None, "a test")
HUNDRED_BYTES: Limit = Limit(BYTES, 100, MINUTE, "user", None, "a test")


class InForce:
    """A policy of some rows, or none."""

    def __init__(self, *rows: Limit | None) -> None:
        self._rows = {row.name: row for row in rows if row is not None}

    def row(self, name: str) -> Limit:
        if name not in self._rows:
            raise Refusal("unavailable", retry_after_ms=2000)
        return self._rows[name]


class Door:
    """An admission and what it noted; `given` counts how often the board was given its functions."""

    def __init__(self, client: Any, link: Link) -> None:
        self.client = client
        self.link = link
        self.noted: list[tuple[UUID, str]] = []
        self.given = 0

    def admission(
        self,
        *rows: Limit | None,
        install: Callable[[], Awaitable[None]] | None = None,
        together: bool = True,
    ) -> Admission:
        return Admission(
            self.link,
            InForce(*(rows or (THREE,))),
            install or self._install,
            lambda user, name: self.noted.append((user, name)),
            together=together,
        )

    async def _install(self) -> None:
        self.given += 1
        await functions.install(self.client, "relay")


@pytest.fixture
async def door(board_url: str) -> AsyncIterator[Door]:
    client = servers.client(board_url)
    await functions.install(client, "relay")
    link = Link(board_url, name="board")
    await link.start()
    yield Door(client, link)
    await link.close()
    await client.aclose()


async def codes(admission: Admission, events: list[tuple[UUID, str]]) -> list[str | None]:
    found = await admission.admit_all(MESSAGES, events)
    return [None if refusal is None else refusal.code for refusal in found]


async def test_the_window_is_exact_within_one_turn_and_refusals_are_noted(door: Door) -> None:
    anna, bela = uuid4(), uuid4()
    events = [(anna, "1"), (anna, "2"), (bela, "1"), (anna, "3"), (anna, "4"), (anna, "2")]
    assert await codes(door.admission(), events) == [None, None, None, None, "rate_limited", None]
    assert door.noted == [(anna, MESSAGES)]
    with pytest.raises(Refusal) as caught:
        await door.admission().admit(MESSAGES, anna)
    assert caught.value.code == "rate_limited"
    assert 0 < (caught.value.retry_after_ms or 0) <= MINUTE


async def test_bytes_are_admitted_in_the_same_question_and_the_refusal_names_them(door: Door) -> None:
    anna, bela = uuid4(), uuid4()
    events = [(anna, "1"), (anna, "2"), (bela, "1"), (anna, "3"), (anna, "4"), (anna, "5")]
    found = await door.admission(THREE, HUNDRED_BYTES).admit_all(MESSAGES, events, [60, 60, 60, 40, 0, 0])
    assert [refusal and (refusal.code, refusal.detail) for refusal in found] == [
        None, ("rate_limited", "Over the limit of bytes."), None, None, None,
        ("rate_limited", "Over the limit of messages."),
    ]  # fmt: skip
    assert door.noted == [(anna, BYTES), (anna, MESSAGES)]


@pytest.mark.parametrize("together", [True, False], ids=["on one server", "as on a cluster"])
async def test_a_turn_with_bytes_is_asked_for_in_few_calls_and_answered_event_by_event(
    door: Door, together: bool
) -> None:
    users = [uuid4() for _ in range(EVENTS_AT_ONCE)]
    events = [(user, str(number)) for number in range(4) for user in users]
    admission = door.admission(THREE, HUNDRED_BYTES, together=together)
    await door.client.config_resetstat()
    found = await admission.admit_all(MESSAGES, events, [1] * len(events))
    assert [refusal is None for refusal in found] == [True] * 3 * len(users) + [False] * len(users)
    assert door.noted == [(user, MESSAGES) for user in users]
    calls = (await door.client.info("commandstats"))["cmdstat_fcall"]["calls"]
    assert calls == (4 if together else len(events))


async def test_a_turn_without_anybody_asks_nothing(door: Door) -> None:
    assert await door.admission(THREE, HUNDRED_BYTES).admit_all(MESSAGES, [], []) == []


async def test_a_policy_without_a_limit_of_bytes_admits_nothing_that_has_some(door: Door) -> None:
    """Of a rate-limiter of the version before: workers are upgraded before nodes."""
    (refusal,) = await door.admission(THREE).admit_all(MESSAGES, [(uuid4(), "")], [1])
    assert refusal is not None
    assert refusal.code == "unavailable"


async def test_a_board_that_lost_its_functions_is_given_them_and_asked_again(door: Door) -> None:
    anna = uuid4()
    await door.client.execute_command("FUNCTION FLUSH")
    events = [(anna, str(number)) for number in range(4)]
    assert await codes(door.admission(), events) == [None, None, None, "rate_limited"]
    assert await codes(door.admission(), [(uuid4(), "")]) == [None]
    assert door.given == 1, "once for all that waited"


async def test_a_board_that_cannot_be_given_its_functions_admits_nothing(door: Door) -> None:
    elsewhere = servers.client("unix:///nowhere.sock")

    async def in_vain() -> None:
        await functions.install(elsewhere, "relay")

    await door.client.execute_command("FUNCTION FLUSH")
    assert await codes(door.admission(install=in_vain), [(uuid4(), ""), (uuid4(), "")]) == ["unavailable"] * 2
    assert door.noted == [], "nobody is to be cooled down for that"


async def test_another_fault_of_the_board_admits_nothing(door: Door) -> None:
    anna = uuid4()
    await door.client.set(f"limit:{MESSAGES}:{{{anna}}}", "not a sorted set")
    assert await codes(door.admission(), [(anna, ""), (uuid4(), "")]) == ["unavailable", None]
    assert door.given == 0


async def test_a_board_that_is_away_admits_nothing(door: Door) -> None:
    await door.link.close()
    assert await codes(door.admission(), [(uuid4(), "")]) == ["unavailable"]


async def test_without_a_policy_nothing_is_admitted_and_nobody_asked(door: Door) -> None:
    assert await codes(door.admission(None), [(uuid4(), ""), (uuid4(), "")]) == ["unavailable"] * 2
    assert await door.client.dbsize() == 0
