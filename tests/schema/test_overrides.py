"""The operator's limits for one user: kept in PostgreSQL, in force on the board; never one that is not kept
per user, and never an older one over a newer one."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from redis.exceptions import RedisError

from schema import keys, overrides
from schema import servers as clients
from schema.overrides import BadOverride
from tests.servers import Servers
from tests.support.until import until
from tests.workers.moments import writes_paused


@pytest.fixture
async def board(board_url):
    async with clients.client(board_url) as client:
        yield client


@pytest.fixture
async def database(database_url):
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        yield connection


async def account(database: Any) -> UUID:
    user = uuid4()
    await database.execute("INSERT INTO users VALUES (%s, %s, '', 1, 0)", (user, f"u{user.hex[:12]}"))
    return user


async def on_board(board: Any, user: UUID) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = await board.hgetall(keys.override(user))
    return found


async def test_what_is_set_is_shown_and_in_force_until_it_is_cleared(database, board) -> None:
    user, other = await account(database), await account(database)
    await overrides.set(database, board, user, "messages", 600)
    await overrides.set(database, board, user, "connections", 0)
    await overrides.set(database, board, user, "messages", 700)
    assert await overrides.show(database, user) == {"connections": 0, "messages": 700}
    assert await overrides.show(database, other) == {}
    assert await on_board(board, user) == {b"messages": b"700", b"connections": b"0"}
    assert await overrides.clear(database, board, user, "connections")
    assert not await overrides.clear(database, board, user, "connections")
    assert await overrides.show(database, user) == {"messages": 700}
    assert await on_board(board, user) == {b"messages": b"700"}
    assert await overrides.clear(database, board, user)
    assert not await overrides.clear(database, board, user)
    assert await overrides.show(database, user) == await on_board(board, user) == {}


@pytest.mark.parametrize("name", ["", "nonsense", "logins", "registrations", "bundles_per_target"])
async def test_only_limits_that_are_kept_per_user_can_be_overridden(database, board, name) -> None:
    with pytest.raises(BadOverride, match="there are: messages, bytes, connections"):
        await overrides.set(database, board, uuid4(), name, 1)
    with pytest.raises(BadOverride):
        await overrides.clear(database, board, uuid4(), name or "nothing")


@pytest.mark.parametrize("count", [-1, 2**31])
async def test_a_limit_is_a_whole_number_that_is_not_negative(database, board, count) -> None:
    with pytest.raises(BadOverride, match="a whole number from 0"):
        await overrides.set(database, board, uuid4(), "messages", count)


async def test_an_account_that_is_gone_gets_none(database, board) -> None:
    user = uuid4()
    with pytest.raises(BadOverride, match="deleted"):
        await overrides.set(database, board, user, "messages", 1)
    assert await on_board(board, user) == {}


async def test_what_the_board_did_not_take_is_not_kept(database, board, servers: Servers) -> None:
    user = await account(database)
    servers.stop("board")
    with pytest.raises((RedisError, OSError)):
        await overrides.set(database, board, user, "messages", 600)
    assert await overrides.show(database, user) == {}


async def test_an_emptied_board_is_given_all_of_them_and_loses_what_nobody_has(database, board) -> None:
    one, two, gone, changed = [await account(database) for _ in range(4)]
    await overrides.set(database, board, one, "messages", 600)
    await overrides.set(database, board, two, "messages", 700)
    await overrides.set(database, board, two, "connections", 70)
    assert await overrides.install(database, board) == 0
    await board.flushall()
    await board.hset(keys.override(gone), "messages", 1)
    await overrides.set(database, board, changed, "messages", 5)
    await board.hset(keys.override(changed), mapping={"messages": 6, "connections": 6})
    await board.set(keys.POLICY, "something else")
    assert await overrides.install(database, board) == 4
    assert await on_board(board, one) == {b"messages": b"600"}
    assert await on_board(board, two) == {b"messages": b"700", b"connections": b"70"}
    assert await on_board(board, gone) == {}
    assert await on_board(board, changed) == {b"messages": b"5"}
    assert await board.exists(keys.POLICY)


async def test_a_deleted_account_takes_its_rows_with_it(database, board) -> None:
    user = await account(database)
    await overrides.set(database, board, user, "messages", 600)
    await database.execute("DELETE FROM users WHERE user_id = %s", (user,))
    await overrides.forget(board, user)
    assert await overrides.show(database, user) == await on_board(board, user) == {}


async def test_a_change_while_the_board_is_filled_comes_after_it(database_url, database, board) -> None:
    user = await account(database)
    await overrides.set(database, board, user, "messages", 600)
    await board.flushall()
    async with (
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as filling,
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as changing,
    ):
        async with writes_paused(board):  # what was read is about to be written
            first = asyncio.create_task(overrides.install(filling, board))
            await until(lambda: _locks(database, 1))
            second = asyncio.create_task(overrides.set(changing, board, user, "messages", 700))
            await until(lambda: _locks(database, 2))
        assert await first == 1
        await second
    assert await on_board(board, user) == {b"messages": b"700"}
    assert await overrides.show(database, user) == {"messages": 700}


async def _locks(database: Any, count: int) -> bool:
    """Whether so many hold or want the table."""
    cursor = await database.execute(
        "SELECT count(DISTINCT pid) FROM pg_locks "
        "WHERE relation = 'overrides'::regclass AND pid <> pg_backend_pid()"
    )
    (found,) = await cursor.fetchone()
    return bool(found >= count)
