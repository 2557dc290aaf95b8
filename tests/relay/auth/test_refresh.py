"""Refresh tokens: exchanged at each use, forgiving of a lost answer, unforgiving of a second party."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from relay.auth import login_sessions, refresh
from relay.database import Database, transaction
from schema.clock import now_ms
from schema.refusals import Refusal
from schema.settings import Settings
from tests.support.relay import open_services


class Family:
    """One login session; `use` answers with the next token or the refusal's code."""

    def __init__(self, database: Database, session: UUID, token: str) -> None:
        self.database = database
        self.session = session
        self.first = token

    async def use(self, token: str, *, now: int | None = None) -> str:
        try:
            return (await refresh.exchange(self.database, token, now or now_ms())).token
        except Refusal as refusal:
            return refusal.code

    async def is_live(self) -> bool:
        async with transaction(self.database) as connection:
            query = "SELECT ended_at IS NULL FROM login_sessions WHERE session_id = %s"
            row = await (await connection.execute(query, (self.session,))).fetchone()
            assert row is not None
            return bool(row[0])


async def begin(database: Database) -> Family:
    async with transaction(database) as connection:
        session = await login_sessions.begin(connection, uuid4(), 1, now_ms())
        return Family(database, session, await refresh.first(connection, session, now_ms()))


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with AsyncExitStack() as stack:
        yield (await open_services(stack, settings)).database


@pytest.fixture
async def family(database: Database) -> Family:
    return await begin(database)


async def test_each_use_gives_the_next_token(family: Family) -> None:
    token, seen = family.first, {family.first}
    for _ in range(5):
        token = await family.use(token)
        seen.add(token)
    assert len(seen) == 6
    assert {len(token) for token in seen} == {43}


async def test_threat_20_a_lost_answer_is_forgiven_until_the_new_token_was_used(family: Family) -> None:
    lost = await family.use(family.first)
    second = await family.use(family.first)
    third = await family.use(second)
    assert len({lost, second, third}) == 3
    assert await family.use(family.first) == "token_reused"
    assert not await family.is_live()
    assert await family.use(third) == "token_expired"


async def test_threat_20_a_stolen_token_used_after_its_owner_went_on_ends_the_family(family: Family) -> None:
    second = await family.use(family.first)
    third = await family.use(second)
    assert await family.use(family.first) == "token_reused"
    assert [await family.use(token) for token in (second, third)] == ["token_expired"] * 2


async def test_threat_20_a_thief_who_is_faster_is_found_out_by_the_owners_next_use(family: Family) -> None:
    owners = await family.use(family.first)
    thiefs = await family.use(family.first)
    assert await family.use(thiefs) not in ("token_reused", "token_expired")
    assert await family.use(owners) == "token_reused"
    assert not await family.is_live()


async def test_threat_20_a_reused_token_is_called_so_again_and_again(family: Family) -> None:
    await family.use(await family.use(family.first))
    assert [await family.use(family.first) for _ in range(3)] == ["token_reused"] * 3


async def test_threat_20_concurrent_uses_of_one_token_leave_one_line_that_goes_on(family: Family) -> None:
    tokens = await asyncio.gather(*(family.use(family.first) for _ in range(6)))
    assert len(set(tokens)) == 6
    outcomes = await asyncio.gather(*(family.use(token) for token in tokens))
    assert sum(outcome not in ("token_reused", "token_expired") for outcome in outcomes) == 1
    assert not await family.is_live()


async def test_successors_nobody_used_are_kept_in_a_bounded_number(family: Family) -> None:
    tokens = [await family.use(family.first, now=now_ms() + number) for number in range(20)]
    async with transaction(family.database) as connection:
        rows = await (await connection.execute("SELECT count(*) FROM refresh_tokens")).fetchone()
    assert rows == (refresh.ANSWERS_LOST + 1,)
    assert await family.use(tokens[0]) == "token_expired"
    assert len(await family.use(tokens[-1])) == 43


async def test_threat_26_tokens_are_stored_as_hashes_only(family: Family) -> None:
    token = await family.use(family.first)
    async with transaction(family.database) as connection:
        rows = await (await connection.execute("SELECT * FROM refresh_tokens")).fetchall()
    everything = repr(rows)
    for secret in (token, family.first):
        assert secret not in everything
    assert {len(row[0]) for row in rows} == {32}


async def test_thirty_days_without_a_use_end_it(family: Family) -> None:
    late = now_ms() + login_sessions.LIFE_MS
    assert await family.use(family.first, now=late + 1000) == "token_expired"
    assert len(await family.use(family.first, now=late - 10_000)) == 43


async def test_each_use_gives_thirty_days_more(family: Family) -> None:
    now, token = now_ms(), family.first
    for _ in range(4):
        now += login_sessions.LIFE_MS - 10_000
        token = await family.use(token, now=now)
        assert len(token) == 43


async def test_long_superseded_tokens_are_forgotten(family: Family) -> None:
    now, token = now_ms(), family.first
    for _ in range(5):
        now += login_sessions.LIFE_MS // 2
        token = await family.use(token, now=now)
    async with transaction(family.database) as connection:
        rows = await (await connection.execute("SELECT count(*) FROM refresh_tokens")).fetchone()
    assert rows is not None
    assert rows[0] <= 4
    assert await family.use(family.first, now=now) == "token_expired"


async def test_a_token_of_an_ended_session_has_expired(family: Family) -> None:
    async with transaction(family.database) as connection:
        await connection.execute("UPDATE login_sessions SET ended_at = 1, end_reason = 'revoked'")
    assert await family.use(family.first) == "token_expired"


class Oracle:
    """The rule in its plainest form: who is whose parent, and which were used."""

    def __init__(self) -> None:
        self.parents: list[int | None] = [None]
        self.dead: set[int] = set()
        self.ended = False

    def use(self, token: int) -> str:
        if token in self.dead:
            self.ended = True
            return "token_reused"
        if self.ended:
            return "token_expired"
        self.dead |= {
            other for other in range(len(self.parents)) if other != token and self.parents[other] != token
        }
        self.parents.append(token)
        return "ok"


async def test_any_order_of_uses_goes_by_the_rule(database: Database) -> None:
    loop = asyncio.get_running_loop()

    @hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.integers(0, 30), min_size=1, max_size=12))
    def by_the_rule(uses: list[int]) -> None:
        asyncio.run_coroutine_threadsafe(_follow(database, uses), loop).result(30)

    await asyncio.to_thread(by_the_rule)


async def _follow(database: Database, uses: list[int]) -> None:
    family, oracle = await begin(database), Oracle()
    tokens: list[Any] = [family.first]
    for number, use in enumerate(uses):
        chosen = use % len(tokens)
        outcome = await family.use(tokens[chosen], now=now_ms() + number)
        expected = oracle.use(chosen)
        if expected == "ok":
            assert len(outcome) == 43
            tokens.append(outcome)
        else:
            assert outcome == expected
