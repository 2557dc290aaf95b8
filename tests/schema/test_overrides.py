"""The operator's limits for one user: shown, set, cleared; never a limit that is not kept per user."""

from uuid import uuid4

import pytest

from schema import keys, overrides
from schema import servers as clients
from schema.overrides import BadOverride


@pytest.fixture
async def board(board_url):
    async with clients.client(board_url) as client:
        yield client


async def test_what_is_set_is_shown_until_it_is_cleared(board) -> None:
    user, other = uuid4(), uuid4()
    await overrides.set(board, user, "messages", 600)
    await overrides.set(board, user, "connections", 0)
    await overrides.set(board, user, "messages", 700)
    assert await overrides.show(board, user) == {"connections": 0, "messages": 700}
    assert await overrides.show(board, other) == {}
    assert await board.hget(keys.override(user), "messages") == b"700"
    assert await overrides.clear(board, user, "connections")
    assert not await overrides.clear(board, user, "connections")
    assert await overrides.show(board, user) == {"messages": 700}
    assert await overrides.clear(board, user)
    assert not await overrides.clear(board, user)
    assert await overrides.show(board, user) == {}


@pytest.mark.parametrize("name", ["", "nonsense", "logins", "registrations", "bundles_per_target"])
async def test_only_limits_that_are_kept_per_user_can_be_overridden(board, name) -> None:
    with pytest.raises(BadOverride, match="there are: messages, connections"):
        await overrides.set(board, uuid4(), name, 1)
    with pytest.raises(BadOverride):
        await overrides.clear(board, uuid4(), name or "nothing")


@pytest.mark.parametrize("count", [-1, 2**31])
async def test_a_limit_is_a_whole_number_that_is_not_negative(board, count) -> None:
    with pytest.raises(BadOverride, match="a whole number from 0"):
        await overrides.set(board, uuid4(), "messages", count)
