"""Revocation: every node learns what ended from the database, and survives its absence."""

import asyncio
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg_pool import PoolTimeout

from relay import metrics
from relay.auth import login_sessions
from relay.auth.revocation import Revocation, SessionEnd
from relay.database import Database, transaction
from schema import tasks
from schema.clock import now_ms
from schema.settings import Settings
from tests.servers import Servers
from tests.support.relay import open_services
from tests.support.until import until


class Watcher:
    """A node that watches."""

    def __init__(self, database: Database, *, every: float = 0.1) -> None:
        self.told: list[tuple[UUID, SessionEnd]] = []
        self.revocation = Revocation(database, read_every_seconds=every)
        self.task = asyncio.create_task(self.revocation.watch(self._told))

    async def _told(self, session: UUID, reason: SessionEnd) -> None:
        self.told.append((session, reason))

    async def until_told(self, session: UUID, seconds: float = 5.0) -> None:
        await until(lambda: session in dict(self.told), seconds=seconds)


async def _begin(database: Database, user: UUID) -> UUID:
    async with transaction(database) as connection:
        return await login_sessions.begin(connection, user, 1, now_ms())


async def test_two_nodes_learn_of_every_end_once(settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        database = (await open_services(stack, settings)).database
        nodes = [Watcher(database) for _ in range(2)]
        user, other = uuid4(), uuid4()
        one, two, three = [await _begin(database, owner) for owner in (user, user, other)]
        async with transaction(database) as connection:
            await login_sessions.end_one(connection, user, one)
            await login_sessions.end_all(connection, user, "account_deleted")
        for node in nodes:
            await node.until_told(two)
            await asyncio.sleep(0.3)
            assert sorted(node.told) == sorted([(one, "revoked"), (two, "account_deleted")])
            assert node.revocation.is_ended(three) is None
        await tasks.end(node.task for node in nodes)


async def test_a_node_that_starts_later_knows_what_has_ended(settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        database = (await open_services(stack, settings)).database
        user = uuid4()
        session = await _begin(database, user)
        async with transaction(database) as connection:
            await login_sessions.end_one(connection, user, session)
        node = Watcher(database)
        await node.until_told(session)
        await tasks.end([node.task])


async def test_an_end_longer_ago_than_a_token_lives_is_forgotten(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as stack:
        database = (await open_services(stack, settings)).database
        user = uuid4()
        session = await _begin(database, user)
        node = Watcher(database)
        async with transaction(database) as connection:
            await login_sessions.end_one(connection, user, session)
        await node.until_told(session)
        monkeypatch.setattr("relay.auth.revocation.REMEMBERED_MS", 0)
        await until(lambda: node.revocation.is_ended(session) is None)
        assert node.told == [(session, "revoked")]
        await tasks.end([node.task])


async def test_an_end_is_read_once_and_one_that_commits_late_is_seen(settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        database = (await open_services(stack, settings)).database
        user = uuid4()
        sessions = [await _begin(database, user) for _ in range(20)]
        async with transaction(database) as connection:
            await login_sessions.end_all(connection, user, "revoked")
        revocation = Revocation(database)
        before = _rows_read()
        assert (await revocation._read()).keys() == set(sessions)
        assert await revocation._read() == {}
        assert _rows_read() == before + 20
        late = await _begin(database, user)
        async with transaction(database) as slow:
            await login_sessions.end_one(slow, user, late)
            for _ in range(3):
                assert await revocation._read() == {}
        assert await revocation._read() == {late: "revoked"}
        assert _rows_read() == before + 21
        assert revocation.is_ended(sessions[0]) == "revoked"


async def test_when_the_databases_clock_went_back_everything_is_read_again(settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        database = (await open_services(stack, settings)).database
        user = uuid4()
        session = await _begin(database, user)
        revocation = Revocation(database)
        assert await revocation._read() == {}
        async with transaction(database) as connection:
            await login_sessions.end_one(connection, user, session)
            await connection.execute("UPDATE login_sessions SET ended_at = ended_at - 600000")
        assert await revocation._read() == {}, "ten minutes ago: by a clock that ran on, it was read"
        assert revocation._read_at is not None
        revocation._read_at += 600_000  # the last reading was by a clock that is ahead of the present one
        assert await revocation._read() == {session: "revoked"}


def _rows_read() -> float:
    return metrics.ENDED_SESSIONS_READ._value.get()


async def test_looking_now_does_not_wait_for_the_next_reading(settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        database = (await open_services(stack, settings)).database
        user = uuid4()
        session = await _begin(database, user)
        node = Watcher(database, every=60)
        await asyncio.sleep(0.2)
        async with transaction(database) as connection:
            await login_sessions.end_one(connection, user, session)
        node.revocation.look_now()
        await node.until_told(session, seconds=2)
        await tasks.end([node.task])


async def test_what_is_known_stays_known_while_the_database_is_away_and_it_goes_on_after(
    settings: Settings, servers: Servers
) -> None:
    async with AsyncExitStack() as stack:
        database = (await open_services(stack, settings)).database
        user = uuid4()
        before, after = await _begin(database, user), await _begin(database, user)
        node = Watcher(database)
        async with transaction(database) as connection:
            await login_sessions.end_one(connection, user, before)
        await node.until_told(before)
        servers.kill("postgres")
        await asyncio.sleep(0.5)
        assert node.revocation.is_ended(before) == "revoked"
        servers.revive()
        async with asyncio.timeout(30):
            while True:
                try:
                    async with transaction(database) as connection:
                        await login_sessions.end_one(connection, user, after)
                    break
                except (psycopg.OperationalError, PoolTimeout):
                    await asyncio.sleep(0.1)
        await node.until_told(after, seconds=20)
        await tasks.end([node.task])
