"""Devices that are closed: for good, said once, and nothing is left of them in what a send reads."""

from uuid import UUID, uuid4

import pytest

from schema import keys
from schema.events import AccountDeleted, DeviceClosed, IdentitySet, PrekeyTaken
from schema.partitions import partition_of
from schema.refusals import Refusal
from tests.support.directory_log import ONE, PARTITIONS, TWO, DirectoryLog


@pytest.fixture
def user() -> UUID:
    return uuid4()


@pytest.mark.parametrize("replace", [False, True])
async def test_a_closed_number_is_never_active_again(log: DirectoryLog, user: UUID, replace: bool) -> None:
    await log.publish(user, 1, ONE)
    await log.publish(user, 2, ONE)
    assert await log.directory.close(user, 2, 1) is not None
    before = await log.fields(user), await log.events(user)
    with pytest.raises(Refusal) as caught:
        await log.publish(user, 2, TWO, replace=replace)
    assert caught.value.code == "unauthorized"
    assert (await log.fields(user), await log.events(user)) == before


async def test_closing_twice_says_it_once(log: DirectoryLog, user: UUID) -> None:
    await log.publish(user, 1, ONE)
    assert await log.directory.close(user, 1, 1) is not None
    assert await log.directory.close(user, 1, 1) is None
    assert await log.fields(user) == {"i": ONE}
    assert await log.closed(user) == {1}
    assert [type(event) for event in await log.events(user)] == [IdentitySet, DeviceClosed]


async def test_closed_devices_leave_nothing_in_the_hash_that_a_send_reads(
    log: DirectoryLog, user: UUID
) -> None:
    await log.publish(user, 1)
    before = await log.fields(user)
    for device in range(2, 10):
        await log.publish(user, device)
        await log.directory.close(user, device, 5)
    assert await log.fields(user) == before
    assert (await log.publish(user, 1)).closed == [*range(2, 10)]
    await log.publish(user, 11, TWO, replace=True)
    assert [name for name in await log.fields(user) if name.endswith("1")] == ["r11", "h11", "c11", "f11"]
    await log.directory.delete(user, 11, 6)
    assert await log.client.keys(f"*:{user}") == []


async def test_devices_that_an_earlier_version_closed_stay_closed(log: DirectoryLog, user: UUID) -> None:
    await log.publish(user, 1)
    await log.client.hset(keys.user(partition_of(user, PARTITIONS), user), mapping={"x2": 1, "x3": 1})
    assert await log.directory.close(user, 2, 5) is None
    with pytest.raises(Refusal):
        await log.publish(user, 3)
    assert not [name for name in await log.fields(user) if name.startswith("x")]


async def test_a_device_that_never_was_cannot_be_closed(log: DirectoryLog, user: UUID) -> None:
    with pytest.raises(Refusal) as caught:
        await log.directory.close(user, 1, 1)
    assert caught.value.code == "not_found"
    assert await log.events(user) == []


async def test_of_who_is_gone_no_prekey_is_taken_and_nothing_recorded(log: DirectoryLog, user: UUID) -> None:
    for device in (1, 2):
        await log.publish(user, device, ONE)
    await log.directory.close(user, 2, 1)
    assert await log.directory.take(user, [(1, 1), (2, 1)], 2) == [True, None]
    await log.directory.delete(user, 1, 3)
    assert await log.directory.take(user, [(1, 2), (2, 2)], 4) == [None, None]
    kinds = [type(event) for event in await log.events(user)]
    assert kinds == [IdentitySet, IdentitySet, DeviceClosed, PrekeyTaken, AccountDeleted]


@pytest.mark.parametrize("how", ["close", "replace", "delete"])
async def test_of_a_device_that_is_gone_no_sizes_are_left(log: DirectoryLog, user: UUID, how: str) -> None:
    partition = partition_of(user, PARTITIONS)
    for device in (1, 2):
        await log.publish(user, device, ONE)
        await log.client.rpush(keys.owed(partition, user, device), 5, 6)
        await log.client.hset(keys.user(partition, user), f"o{device}", "2:11")
    if how == "close":
        await log.directory.close(user, 1, 9)
    elif how == "replace":
        await log.publish(user, 2, TWO, replace=True)
    else:
        await log.directory.delete(user, 1, 9)
    assert "o1" not in await log.fields(user)
    kept = [] if how == "delete" else [keys.owed(partition, user, 2).encode()]
    assert await log.client.keys("*:owed:*") == kept
