"""The operator's limits for single users outlive the board: it is given them again as soon as it is back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from schema import keys, overrides
from tests.servers import Servers
from tests.workers.running import Workers, until
from workers.rate_limiter import keeping
from workers.rate_limiter.keeping import COMPARED_FOR_MS, Overrides, keep_overrides


async def account(database: Any, **limits: int) -> UUID:
    """An account with these overrides, which the board does not know."""
    user = uuid4()
    async with database.connection() as connection:
        await connection.execute("INSERT INTO users VALUES (%s, %s, '', 1, 0)", (user, f"u{user.hex[:12]}"))
        for name, count in limits.items():
            await connection.execute("INSERT INTO overrides VALUES (%s, %s, %s)", (user, name, count))
    return user


async def count(board: Any, user: UUID, name: str = "messages") -> int | None:
    found = await board.hget(keys.override(user), name)
    return None if found is None else int(found)


@asynccontextmanager
async def kept(database: Any, board: Any) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    task = asyncio.create_task(keep_overrides(database, board, stopping))
    yield
    stopping.set()
    await asyncio.wait_for(task, 10)


async def test_a_board_that_came_back_empty_has_them_again(database, board, servers: Servers) -> None:
    user = await account(database, messages=600)
    async with kept(database, board):
        await until(lambda: count(board, user))
        await board.flushall()
        await until(lambda: count(board, user))
        servers.kill("board")
        await asyncio.sleep(1.2)
        servers.revive()
        await until(lambda: count(board, user))


async def test_a_board_that_lost_them_while_they_were_installed_is_compared_again(
    database, board, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await account(database, messages=600)
    keeper = Overrides(database, board)

    async def lost(connection: Any, onto: Any) -> int:
        installed = await overrides.install(connection, onto)
        await board.flushall()
        return installed

    with monkeypatch.context() as patched:
        patched.setattr(keeping, "overrides", SimpleNamespace(install=lost))
        await keeper.install()
    assert await keeper.install()
    assert await count(board, user) == 600


async def test_without_postgresql_they_are_compared_when_it_is_back(
    database, board, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await account(database, messages=600)
    keeper = Overrides(database, board)
    assert await keeper.install()
    await board.flushall()

    async def away(_connection: Any, _onto: Any) -> int:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(keeping, "overrides", SimpleNamespace(install=away))
        with pytest.raises(ConnectionError):
            await keeper.install()
    assert await keeper.install()
    assert await count(board, user) == 600


async def test_they_are_compared_at_the_start_and_then_once_a_minute(database, board) -> None:
    await board.set(keys.OVERRIDES, "1")
    user = await account(database, messages=600)
    keeper = Overrides(database, board)
    assert await keeper.install(), "another worker's word is not taken at the start"
    assert 0 < await board.pttl(keys.OVERRIDES) <= COMPARED_FOR_MS
    await board.delete(keys.override(user))
    assert not await keeper.install()
    await board.delete(keys.OVERRIDES)  # a minute later
    assert await keeper.install()
    assert await count(board, user) == 600


async def test_with_the_database_away_the_policy_is_installed_all_the_same(
    database, board, workers: Workers, servers: Servers
) -> None:
    user = await account(database, messages=600)
    servers.stop("postgres")
    worker = workers.start("rate-limiter").until_said("policy_installed")
    worker.until_said("overrides_wait")
    assert await count(board, user) is None
    servers.revive()
    worker.until_said("overrides_installed", within=30)
    assert await count(board, user) == 600
    assert worker.stop() == 0
    assert str(user) not in "".join(worker.text)


async def test_what_a_deleted_account_left_on_the_board_goes(database, board) -> None:
    """As when it was deleted while the board was away."""
    user, other = await account(database), await account(database, messages=600)
    await board.hset(keys.override(user), "messages", 5)
    async with kept(database, board):
        await until(lambda: count(board, other))
        assert await count(board, user) is None
    async with database.connection() as connection:
        assert await overrides.show(connection, other) == {"messages": 600}
