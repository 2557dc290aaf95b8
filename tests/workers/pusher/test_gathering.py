"""While nothing is pushed, entries gather; what somebody waits for is not held up."""

from typing import Any

import pytest

from schema import functions, keys
from tests.workers.moments import nothing_left, say
from tests.workers.pusher.reading import following, follows, of_one, pushed, to
from tests.workers.running import until
from workers.pusher import reader as reading
from workers.pusher.reader import Reader

pytestmark = pytest.mark.usefixtures("quick_moves")


async def test_entries_that_no_inbox_gets_are_read_together(
    log, board, log_url, users, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for them: a node hands over what it accepted, or the device is not online."""
    away = users[0]
    await board.delete(keys.presence(away))
    calls: list[int] = []

    async def counted(name: str, names: list[str], args: list[Any]) -> Any:
        calls.append(len([argument for argument in args if str(argument) == str(away)]))
        return await functions.call(board, "workers", name, names, args)

    async def gather() -> None:
        if len(calls) == 1:
            for seq in (2, 3, 4):
                await say(log, *of_one(away, seq))

    monkeypatch.setattr(Reader, "_gather", staticmethod(gather))
    async with following(log, log_url, counted):
        await until(lambda: follows(log))
        await say(log, *of_one(away, 1))
        await until(lambda: nothing_left(log, keys.PUSHER, keys.log(0)))
    assert calls == [1, 3]


async def test_turns_follow_each_other_at_once_while_there_are_pushes(
    log, board, log_url, users, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "GATHER_SECONDS", 1000.0)
    async with following(log, log_url, to(board)):
        await until(lambda: follows(log))
        for seq in (1, 2, 3):
            await say(log, *of_one(users[0], seq))
            await until(lambda: nothing_left(log, keys.PUSHER, keys.log(0)))
    assert await pushed(board, users[0]) == [1, 2, 3]


async def test_a_push_after_a_quiet_time_is_routed_within_the_gathering(
    log, board, log_url, users, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "QUIET_SECONDS", -1.0)  # always
    async with following(log, log_url, to(board)):
        await until(lambda: follows(log))
        for seq in (1, 2, 3):
            await say(log, *of_one(users[0], seq))
            await until(lambda: nothing_left(log, keys.PUSHER, keys.log(0)))
    assert await pushed(board, users[0]) == [1, 2, 3]
