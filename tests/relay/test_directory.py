"""The directory's functions on a real log: the identity, the devices and the log change together."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from relay.directory import Directory
from schema import codec, functions, keys, servers
from schema.events import (
    AccountDeleted,
    DeviceClosed,
    IdentitySet,
    LogEvent,
    Prekey,
    PrekeysUploaded,
    PrekeyTaken,
    SignedPrekey,
    SignedPrekeySet,
)
from schema.partitions import partition_of
from schema.refusals import Refusal

PARTITIONS = 4
SIGNED = SignedPrekey(1, bytes(33), bytes(64))
ONE, TWO = b"\x05" + b"1" * 32, b"\x05" + b"2" * 32


class Log:
    """The directory and what it wrote."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.directory = Directory(client, PARTITIONS)

    async def publish(
        self, user: UUID, device: int, identity: bytes = ONE, *prekeys: Prekey, replace: bool = False
    ) -> Any:
        return await self.directory.publish(
            user, device, identity, 7, SIGNED, prekeys, replace=replace, last_device=99, at=1
        )

    async def events(self, user: UUID) -> list[LogEvent]:
        rows = await self.client.xrange(keys.log(partition_of(user, PARTITIONS)))
        return [codec.decode_entry(fields)[0] for _, fields in rows]

    async def changes(self, user: UUID) -> list[str]:
        return [event.change for event in await self.events(user) if isinstance(event, IdentitySet)]

    async def fields(self, user: UUID) -> dict[str, bytes]:
        found = await self.client.hgetall(keys.user(partition_of(user, PARTITIONS), user))
        return {name.decode(): value for name, value in found.items()}

    async def closed(self, user: UUID) -> set[int]:
        found = await self.client.smembers(keys.closed(partition_of(user, PARTITIONS), user))
        return {int(device) for device in found}


@pytest.fixture
async def log(log_url: str) -> AsyncIterator[Log]:
    client = servers.client(log_url)
    await functions.install(client, "relay")
    yield Log(client)
    await client.aclose()


@pytest.fixture
def user() -> UUID:
    return uuid4()


async def test_the_first_device_sets_the_identity(log: Log, user: UUID) -> None:
    published = await log.publish(user, 1, ONE, Prekey(3, bytes(33)))
    assert (published.change, published.closed) == ("first", [])
    assert await log.fields(user) == {"i": ONE, "r1": b"7", "h1": b"0", "c1": b"0", "f1": b"0"}
    identity, uploaded = await log.events(user)
    assert isinstance(identity, IdentitySet)
    assert (identity.identity_key, identity.registration_id, identity.signed_prekey) == (ONE, 7, SIGNED)
    assert isinstance(uploaded, PrekeysUploaded)
    assert uploaded.prekeys == (Prekey(3, bytes(33)),)


async def test_the_position_is_that_of_the_last_entry(log: Log, user: UUID) -> None:
    published = await log.publish(user, 1, ONE, Prekey(3, bytes(33)))
    partition = partition_of(user, PARTITIONS)
    last = (await log.client.xrevrange(keys.log(partition), count=1))[0][0]
    assert published.position == (partition, last)


async def test_a_conflict_changes_nothing(log: Log, user: UUID) -> None:
    await log.publish(user, 1, ONE)
    before = await log.fields(user), await log.events(user)
    with pytest.raises(Refusal) as caught:
        await log.publish(user, 2, TWO, Prekey(1, bytes(33)))
    assert caught.value.code == "identity_conflict"
    assert (await log.fields(user), await log.events(user)) == before


async def test_a_replacement_closes_every_other_device_and_keeps_its_own_numbers(
    log: Log, user: UUID
) -> None:
    for device in (1, 2, 12):
        await log.publish(user, device, ONE)
    await log.client.hset(keys.user(partition_of(user, PARTITIONS), user), mapping={"h2": 9, "c2": 4})
    published = await log.publish(user, 2, TWO, replace=True)
    assert published.change == "replaced"
    assert sorted(published.closed) == [1, 12]
    assert await log.fields(user) == {
        "i": TWO, "r2": b"7", "h2": b"9", "c2": b"4", "f2": b"0", "b": b"2 99",
    }  # fmt: skip
    assert await log.closed(user) == {1, 12}
    assert await log.changes(user) == ["first", "added", "added", "replaced"]


async def test_a_repeated_replacement_is_an_addition_that_still_names_the_closed(
    log: Log, user: UUID
) -> None:
    await log.publish(user, 1, ONE)
    await log.publish(user, 2, TWO, replace=True)
    again = await log.publish(user, 2, TWO, replace=True)
    assert (again.change, again.closed, again.replacer, again.replaced_upto) == ("added", [1], 2, 99)


@pytest.mark.parametrize("replace", [False, True])
async def test_a_closed_number_is_never_active_again(log: Log, user: UUID, replace: bool) -> None:
    await log.publish(user, 1, ONE)
    await log.publish(user, 2, ONE)
    assert await log.directory.close(user, 2, 1) is not None
    before = await log.fields(user), await log.events(user)
    with pytest.raises(Refusal) as caught:
        await log.publish(user, 2, TWO, replace=replace)
    assert caught.value.code == "unauthorized"
    assert (await log.fields(user), await log.events(user)) == before


async def test_closing_twice_says_it_once(log: Log, user: UUID) -> None:
    await log.publish(user, 1, ONE)
    assert await log.directory.close(user, 1, 1) is not None
    assert await log.directory.close(user, 1, 1) is None
    assert await log.fields(user) == {"i": ONE}
    assert await log.closed(user) == {1}
    assert [type(event) for event in await log.events(user)] == [IdentitySet, DeviceClosed]


async def test_closed_devices_leave_nothing_in_the_hash_that_a_send_reads(log: Log, user: UUID) -> None:
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


async def test_devices_that_an_earlier_version_closed_stay_closed(log: Log, user: UUID) -> None:
    await log.publish(user, 1)
    await log.client.hset(keys.user(partition_of(user, PARTITIONS), user), mapping={"x2": 1, "x3": 1})
    assert await log.directory.close(user, 2, 5) is None
    with pytest.raises(Refusal):
        await log.publish(user, 3)
    assert not [name for name in await log.fields(user) if name.startswith("x")]


async def test_a_device_that_never_was_cannot_be_closed(log: Log, user: UUID) -> None:
    with pytest.raises(Refusal) as caught:
        await log.directory.close(user, 1, 1)
    assert caught.value.code == "not_found"
    assert await log.events(user) == []


async def test_two_identities_that_cross_leave_one_and_a_conflict(log: Log, user: UUID) -> None:
    outcomes = await asyncio.gather(
        *(log.publish(user, device, (ONE, TWO)[device % 2]) for device in range(1, 9)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    assert len(refused) == 4
    assert await log.changes(user) == ["first", "added", "added", "added"]
    identities = {event.identity_key for event in await log.events(user) if isinstance(event, IdentitySet)}
    assert identities == {(await log.fields(user))["i"]}


async def test_crossing_replacements_leave_one_active_device(log: Log, user: UUID) -> None:
    identities = [b"\x05" + bytes([number]) * 32 for number in range(8)]
    await asyncio.gather(
        *(log.publish(user, number + 1, identities[number], replace=True) for number in range(8))
    )
    fields = await log.fields(user)
    active = [name for name in fields if name.startswith("r")]
    assert len(active) == 1
    assert fields["i"] == identities[int(active[0][1:]) - 1]
    assert len(await log.closed(user)) == 7


async def test_only_an_active_device_of_that_identity_adds_keys(log: Log, user: UUID) -> None:
    await log.publish(user, 1, ONE)
    prekeys = (Prekey(5, bytes(33)),)
    await log.directory.upload(user, 1, ONE, prekeys, 2)
    await log.directory.set_signed_prekey(user, 1, ONE, SIGNED, 2)
    for device, identity in ((2, ONE), (1, TWO)):
        for ask in (
            log.directory.upload(user, device, identity, prekeys, 3),
            log.directory.set_signed_prekey(user, device, identity, SIGNED, 3),
        ):
            with pytest.raises(Refusal) as caught:
                await ask
            assert caught.value.code == "device_inactive"
    kinds = [type(event) for event in await log.events(user)]
    assert kinds == [IdentitySet, PrekeysUploaded, SignedPrekeySet]


async def test_the_identity_is_told_of_active_devices_only(log: Log, user: UUID) -> None:
    assert await log.directory.identity(user, 1) is None
    await log.publish(user, 1, ONE)
    assert await log.directory.identity(user, 1) == ONE
    assert await log.directory.identity(user, 2) is None


async def test_a_prekey_is_the_first_takers_however_many_ask(log: Log, user: UUID) -> None:
    await log.publish(user, 1, ONE)
    wanted = [(1, number) for number in range(1, 6)]
    outcomes = await asyncio.gather(*(log.directory.take(user, wanted, 1) for _ in range(10)))
    assert [sum(column) for column in zip(*outcomes, strict=True)] == [1] * 5
    taken = [event.prekey_id for event in await log.events(user) if isinstance(event, PrekeyTaken)]
    assert sorted(taken) == [1, 2, 3, 4, 5]


async def test_nodes_of_the_version_before_may_call_the_functions(log: Log, user: UUID) -> None:
    partition = partition_of(user, PARTITIONS)
    names = [keys.log(partition), keys.user(partition, user)]

    async def call(function: str, further: list[str], *args: Any) -> Any:
        return await functions.call(log.client, "relay", function, [*names, *further], [*args, ""])

    await log.publish(user, 1)
    await log.publish(user, 2)
    marks = [f"{{{partition}}}:taken:{user}:1:{number}" for number in (1, 2, 3)]
    await log.client.set(marks[0], 1)
    event = codec.encode(PrekeyTaken(user=user, device=1, at=1, prekey_id=2))
    assert await call("take_prekeys", marks[:2], 86_400, 1, event, 1, event) == [0, 1]
    assert await log.directory.take(user, [(1, 1), (1, 2), (1, 3)], 2) == [False, False, True]
    assert await call("take_prekeys", marks[2:], 86_400, 1, event) == [0]
    assert (await call("close_device", [], 2, b"closed"))[0] == b"ok"
    assert await log.closed(user) == {2}
    await call("delete_account", [keys.deleted(partition)], b"deleted", str(user))
    assert await log.fields(user) == {}
    assert await log.closed(user) == set()


async def test_a_prekeys_mark_has_the_time_of_its_entry_and_does_not_expire(log: Log, user: UUID) -> None:
    await log.publish(user, 1, ONE)
    await log.directory.take(user, [(1, 1)], 1)
    partition = partition_of(user, PARTITIONS)
    newest = (await log.client.xrevrange(keys.log(partition), count=1))[0][0]
    mark = f"{user}:1:1".encode()
    assert await log.client.zrange(keys.taken(partition), 0, -1, withscores=True) == [
        (mark, float(newest.split(b"-")[0]))
    ]
    assert await log.client.ttl(keys.taken(partition)) == -1
    assert await log.directory.take(user, [(1, 1), (1, 2)], 2) == [False, True]


async def test_of_who_is_gone_no_prekey_is_taken_and_nothing_recorded(log: Log, user: UUID) -> None:
    for device in (1, 2):
        await log.publish(user, device, ONE)
    await log.directory.close(user, 2, 1)
    assert await log.directory.take(user, [(1, 1), (2, 1)], 2) == [True, None]
    await log.directory.delete(user, 1, 3)
    assert await log.directory.take(user, [(1, 2), (2, 2)], 4) == [None, None]
    kinds = [type(event) for event in await log.events(user)]
    assert kinds == [IdentitySet, IdentitySet, DeviceClosed, PrekeyTaken, AccountDeleted]


@pytest.mark.parametrize("how", ["close", "replace", "delete"])
async def test_of_a_device_that_is_gone_no_sizes_are_left(log: Log, user: UUID, how: str) -> None:
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


async def test_a_deleted_account_is_forgotten_and_may_be_deleted_again(log: Log, user: UUID) -> None:
    await log.publish(user, 1, ONE)
    first = await log.directory.delete(user, 1, 1)
    second = await log.directory.delete(user, 1, 1)
    assert first < second
    assert await log.fields(user) == {}
    assert [type(event) for event in await log.events(user)] == [IdentitySet, AccountDeleted, AccountDeleted]
    on_record = await log.client.hgetall(keys.deleted(partition_of(user, PARTITIONS)))
    assert on_record == {str(user).encode(): second.entry}, "the last one: all before it is to be erased"


async def test_all_keys_of_a_call_are_in_one_slot_of_a_cluster(user: UUID) -> None:
    from redis.crc import key_slot

    names = [keys.log(3), keys.user(3, user), keys.closed(3, user), keys.taken(3)]
    names.append(keys.deleted(3))
    assert len({key_slot(name.encode()) for name in names}) == 1
