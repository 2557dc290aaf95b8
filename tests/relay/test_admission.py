"""Admission on a real board: exact, and closed whenever it cannot be asked."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from relay.admission import Admission
from relay.link import Link
from schema import functions, servers
from schema.limits import MESSAGES, MINUTE, Limit
from schema.refusals import Refusal

THREE: Limit = Limit(MESSAGES, 3, MINUTE, "user", None, "a test")


class InForce:
    """A policy of one row, or none."""

    def __init__(self, row: Limit | None) -> None:
        self._row = row

    def row(self, name: str) -> Limit:
        if self._row is None or name != self._row.name:
            raise Refusal("unavailable", retry_after_ms=2000)
        return self._row


class Door:
    """An admission and what it noted; `given` counts how often the board was given its functions."""

    def __init__(self, client: Any, link: Link) -> None:
        self.client = client
        self.link = link
        self.noted: list[tuple[UUID, str]] = []
        self.given = 0

    def admission(
        self, row: Limit | None = THREE, install: Callable[[], Awaitable[None]] | None = None
    ) -> Admission:
        return Admission(
            self.link,
            InForce(row),
            install or self._install,
            lambda user, name: self.noted.append((user, name)),
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
