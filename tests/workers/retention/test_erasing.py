"""What the log has of a deleted account goes: once all have read the deletion, and nothing else with it."""

import asyncio
from typing import Any

import msgspec
import pytest

from relay.identity.directory import Directory
from schema import codec, functions, keys
from schema.events import AccountDeleted
from tests.workers import stories
from tests.workers.deletions import CANARY, events, kinds, life, neighbours, readers
from tests.workers.moments import say
from tests.workers.running import PARTITIONS
from tests.workers.stories import accepted
from workers.retention import erasing
from workers.retention.erasing import erase


@pytest.fixture
async def directory(log: Any) -> Directory:
    await functions.install(log, "relay")
    await functions.install(log, "workers")
    return Directory(log, PARTITIONS)


async def test_everything_about_the_account_goes_but_its_deletion(log, database, directory) -> None:
    user, other = neighbours(2)
    for said in zip(life(user), life(other), strict=True):
        await say(log, *said)
    await directory.delete(user, 1, 1)
    await readers(log, database)
    assert await erase(database, log, PARTITIONS) == 6
    assert await kinds(log, user) == [AccountDeleted]
    assert [event for event in await events(log) if event.user == other] == [
        event for event, _ in life(other)
    ]
    assert not await log.exists(keys.deleted(0))
    assert await erase(database, log, PARTITIONS) == 0


@pytest.mark.parametrize("slow", [*keys.LOG_GROUPS, "checkpoint"])
async def test_nothing_goes_before_everyone_has_read_the_deletion(log, database, directory, slow) -> None:
    (user,) = neighbours(1)
    await say(log, *life(user))
    last = (await log.xinfo_stream(keys.log(0)))["last-generated-id"]
    await directory.delete(user, 1, 1)
    await readers(log, database, **{slow: last})
    assert await erase(database, log, PARTITIONS) == 0
    await readers(log, database)
    assert await erase(database, log, PARTITIONS) == 6


async def test_nothing_goes_while_something_older_is_pending(log, database, directory) -> None:
    (user,) = neighbours(1)
    await say(log, *life(user))
    await directory.delete(user, 1, 1)
    await readers(log, database, pusher="0")
    ((_, rows),) = await log.xreadgroup(keys.PUSHER, "me", {keys.log(0): ">"})
    assert await erase(database, log, PARTITIONS) == 0
    await log.xack(keys.log(0), keys.PUSHER, *(position for position, _ in rows))
    assert await erase(database, log, PARTITIONS) == 6


@pytest.mark.parametrize("missing", keys.LOG_GROUPS)
async def test_nothing_goes_while_a_group_is_missing(log, database, directory, missing) -> None:
    (user,) = neighbours(1)
    await say(log, *life(user))
    await directory.delete(user, 1, 1)
    await readers(log, database)
    await log.xgroup_destroy(keys.log(0), missing)
    assert await erase(database, log, PARTITIONS) == 0
    assert await log.exists(keys.deleted(0))


async def test_several_accounts_are_erased_in_one_passage_of_bounded_steps(
    log, database, directory, monkeypatch
) -> None:
    monkeypatch.setattr(erasing, "STEP", 4)
    gone, other = neighbours(4), neighbours(1)[0]
    for user in (*gone, other):
        await say(log, *life(user))
        if user != other:
            await directory.delete(user, 1, 1)
    await readers(log, database)
    await log.config_resetstat()
    assert await erase(database, log, PARTITIONS) == 24
    calls = {name: row["calls"] for name, row in (await log.info("commandstats")).items()}
    assert calls["cmdstat_xrange"] <= 10, "28 entries by fours, and the quarantine"
    assert calls["cmdstat_xdel"] <= 8
    assert len(await events(log)) == 6 + 4
    assert await kinds(log, other) == [type(event) for event, _ in life(other)]


async def test_an_account_that_was_used_again_loses_only_what_was_before(log, database, directory) -> None:
    """Its deletion reached the log and failed then: the account lives, its client publishes keys again."""
    (user,) = neighbours(1)
    await say(log, *life(user))
    await directory.delete(user, 1, 1)
    await say(log, *life(user))
    await readers(log, database)
    assert await erase(database, log, PARTITIONS) == 6
    assert await kinds(log, user) == [AccountDeleted, *(type(event) for event, _ in life(user))]
    await directory.delete(user, 1, 1)
    await readers(log, database)
    assert await erase(database, log, PARTITIONS) == 6
    assert await kinds(log, user) == [AccountDeleted, AccountDeleted]


async def test_a_deletion_that_is_repeated_meanwhile_stays_on_record(log, database, directory) -> None:
    (user,) = neighbours(1)
    first = await directory.delete(user, 1, 1)
    second = await directory.delete(user, 1, 1)
    for position, left in ((first, 1), (second, 0)):
        arguments = [str(user), position.entry]
        await functions.call(log, "workers", "erased", [keys.deleted(0)], arguments)
        assert await log.hlen(keys.deleted(0)) == left


async def test_what_was_set_aside_of_the_account_goes_from_the_quarantine(log, database, directory) -> None:
    user, other = neighbours(2)
    await say(log, *life(user))
    for said in (accepted(user, 1, 2, body=CANARY), accepted(other, 1, 2)):
        about = {b"group": b"projector", b"position": b"1-0", b"reason": b"failing"}
        await log.xadd(keys.quarantine(0), {**about, **stories.fields(said)})
    foreign = {"t": "of a later version", "user": user.bytes, "body": CANARY}
    for data in (msgspec.msgpack.encode(foreign), b"\xc1"):
        await log.xadd(keys.quarantine(0), {b"position": b"1-1", codec.EVENT_FIELD: data})
    await log.xadd(keys.quarantine(0), {b"position": b"1-2"})
    await directory.delete(user, 1, 1)
    await readers(log, database)
    assert await erase(database, log, PARTITIONS) == 8
    left = [fields.get(codec.EVENT_FIELD) for _, fields in await log.xrange(keys.quarantine(0))]
    assert left == [codec.encode(accepted(other, 1, 2)[0]), b"\xc1", None], (
        "nobody can say whose the others are"
    )


class Dying:
    """The log, to a worker that dies after so many erasures."""

    def __init__(self, log: Any, after: int) -> None:
        self._log = log
        self._left = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def xdel(self, *arguments: Any) -> int:
        if not self._left:
            raise asyncio.CancelledError
        self._left -= 1
        count: int = await self._log.xdel(*arguments)
        return count


async def test_what_was_begun_is_finished_by_whoever_comes_next(
    log, database, directory, monkeypatch
) -> None:
    monkeypatch.setattr(erasing, "STEP", 4)
    user, other = neighbours(2)
    await say(log, *life(user), *life(other), *life(user))
    await directory.delete(user, 1, 1)
    await readers(log, database)
    for left in (8, 6):  # the second step holds two of another account
        with pytest.raises(asyncio.CancelledError):
            await erase(database, Dying(log, 1), PARTITIONS)
        assert len(await kinds(log, user)) == left + 1
        assert await log.hexists(keys.deleted(0), str(user))
    assert await erase(database, log, PARTITIONS) == 6
    assert await kinds(log, user) == [AccountDeleted]
    assert await kinds(log, other) == [type(event) for event, _ in life(other)]
    assert not await log.exists(keys.deleted(0))
