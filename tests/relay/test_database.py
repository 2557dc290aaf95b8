"""Transactions on a real PostgreSQL that is restarted or frozen: bounded, and nothing dead is handed out."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from psycopg_pool import PoolTimeout

from relay import database as databases
from relay.database import Database, transaction
from schema.failures import DATABASE_AWAY
from tests.servers import Servers
from tests.support.until import until


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as pool:
        yield pool


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "CHECK_SECONDS", 0.3)


async def ask(database: Database, *, seconds: float = 10.0) -> int:
    async with transaction(database, seconds=seconds) as connection:
        row = await (await connection.execute("SELECT pg_backend_pid()")).fetchone()
        assert row is not None
        return int(row[0])


async def fill(database: Database, count: int) -> set[int]:
    """Leaves `count` idle connections in the pool; their backends."""
    async with AsyncExitStack() as stack:
        open_ones = [await stack.enter_async_context(transaction(database)) for _ in range(count)]
        return {connection.info.backend_pid for connection in open_ones}


def processes_of(postmaster: int) -> list[int]:
    """The server and everything it forked."""
    found = [postmaster]
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            parent = path.read_text().rsplit(")", 1)[1].split()[1]
            found += [int(path.parent.name)] if int(parent) == postmaster else []
    return found


@contextmanager
def frozen(processes: Iterable[int]) -> Iterator[None]:
    stopped = list(processes)
    for process in stopped:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in stopped:
            os.kill(process, signal.SIGCONT)


async def test_after_a_restart_no_call_gets_a_connection_that_died_in_the_pool(
    database: Database, servers: Servers
) -> None:
    before = await fill(database, 6)
    servers.kill("postgres")
    servers.revive()
    for _ in range(8):
        assert await ask(database) not in before


async def test_a_database_that_is_away_is_waited_for_a_moment_and_found_when_it_is_back(
    database: Database, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "AWAY_SECONDS", 0.5)
    assert await ask(database)
    servers.kill("postgres")
    for _ in range(3):
        async with asyncio.timeout(5):  # and not until the transaction's own bound
            with pytest.raises(PoolTimeout):
                await ask(database, seconds=60.0)
    servers.revive()
    assert await ask(database)


async def test_who_waits_while_it_is_restarted_gets_an_answer(database: Database, servers: Servers) -> None:
    assert await ask(database)
    servers.kill("postgres")
    asking = asyncio.create_task(ask(database))
    await asyncio.sleep(0.3)
    assert not asking.done()
    servers.revive()
    assert await asking


async def test_a_connection_that_is_frozen_is_passed_over(database: Database, impatient: None) -> None:
    before = await fill(database, 2)
    with frozen(before):
        assert await ask(database) not in before


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the server's processes in /proc")
async def test_a_frozen_database_is_away_within_the_bound_and_back_when_it_thaws(
    database: Database, servers: Servers, impatient: None
) -> None:
    await fill(database, 3)
    with frozen(processes_of(servers.pid("postgres"))):
        async with asyncio.timeout(9):  # the cancellation of a statement would wait for ten
            with pytest.raises(DATABASE_AWAY):
                await ask(database, seconds=1.0)
    assert await ask(database)


async def test_a_statement_that_is_not_answered_is_cut_off(database: Database) -> None:
    async def unanswered() -> None:
        async with transaction(database, seconds=0.5) as connection:
            with frozen({connection.info.backend_pid}):
                await connection.execute("SELECT 1")

    with pytest.raises(psycopg.OperationalError):
        await unanswered()
    assert await ask(database)


async def test_a_statement_that_takes_too_long_is_cut_off_and_rolled_back(database: Database) -> None:
    async def too_long() -> None:
        async with transaction(database, seconds=0.5) as connection:
            await connection.execute("CREATE TABLE half_done (number integer)")
            await connection.execute("SELECT pg_sleep(20)")

    with pytest.raises(psycopg.OperationalError):
        await too_long()
    async with transaction(database) as connection:
        found = await (await connection.execute("SELECT to_regclass('half_done')")).fetchone()
    assert found == (None,)


async def test_what_else_takes_too_long_within_a_transaction_is_cut_off_too(database: Database) -> None:
    async def slow(*, says_more: bool) -> None:
        async with transaction(database, seconds=0.3) as connection:
            await connection.execute("SELECT 1")
            await asyncio.sleep(0.6)  # as for another server
            if says_more:
                await connection.execute("SELECT 1")

    for says_more in (True, False):
        with pytest.raises(DATABASE_AWAY):
            await slow(says_more=says_more)
    assert await ask(database)


async def test_who_finds_no_free_connection_is_told_so(database: Database) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(8):
            await stack.enter_async_context(transaction(database))
        with pytest.raises(PoolTimeout):
            await ask(database, seconds=0.2)
    assert await ask(database)


async def test_an_exception_rolls_back_and_gives_the_connection_back(database: Database) -> None:
    async def broken() -> None:
        async with transaction(database) as connection:
            await connection.execute("CREATE TABLE never (number integer)")
            raise ZeroDivisionError

    for _ in range(12):
        with pytest.raises(ZeroDivisionError):
            await broken()
    assert await ask(database)


async def test_a_standby_is_a_database_that_is_away(
    database: Database, database_url: str, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "AWAY_SECONDS", 0.3)
    assert await ask(database)
    with servers.standby():
        with pytest.raises(DATABASE_AWAY):
            await ask(database, seconds=3.0)
        with pytest.raises(psycopg.OperationalError, match="read-only"):
            psycopg.connect(database_url, target_session_attrs="read-write")

    async def answers() -> bool:
        with suppress(*DATABASE_AWAY):
            return bool(await ask(database))
        return False

    await until(answers, seconds=20)


async def test_a_session_that_may_not_write_any_more_is_given_up(database: Database) -> None:
    used: list[psycopg.AsyncConnection[object]] = []

    async def write() -> None:
        async with transaction(database) as connection:
            used.append(connection)
            await connection.execute("SET TRANSACTION READ ONLY")
            await connection.execute("DELETE FROM users")

    with pytest.raises(DATABASE_AWAY):
        await write()
    assert used[0].closed
    assert await ask(database)
