"""The directory's functions on a real log: the identity, the devices and the log change together."""

import asyncio
from uuid import UUID, uuid4

import pytest

from schema import keys
from schema.events import (
    AccountDeleted,
    IdentitySet,
    KemPrekeysUploaded,
    Prekey,
    PrekeysUploaded,
    PrekeyTaken,
    SignedPrekey,
    SignedPrekeySet,
)
from schema.partitions import partition_of
from schema.prekeys import KEM, KINDS
from schema.refusals import Refusal
from tests.support.directory_log import ONE, PARTITIONS, SIGNED, TWO, DirectoryLog


@pytest.fixture
def user() -> UUID:
    return uuid4()


async def test_the_first_device_sets_the_identity(log: DirectoryLog, user: UUID) -> None:
    published = await log.publish(user, 1, ONE, Prekey(3, bytes(33)))
    assert (published.change, published.closed) == ("first", [])
    assert await log.fields(user) == {"i": ONE, "r1": b"7", "h1": b"0", "c1": b"0", "f1": b"0"}
    identity, uploaded = await log.events(user)
    assert isinstance(identity, IdentitySet)
    assert (identity.identity_key, identity.registration_id, identity.signed_prekey) == (ONE, 7, SIGNED)
    assert isinstance(uploaded, PrekeysUploaded)
    assert uploaded.prekeys == (Prekey(3, bytes(33)),)


async def test_the_position_is_that_of_the_last_entry(log: DirectoryLog, user: UUID) -> None:
    published = await log.publish(user, 1, ONE, Prekey(3, bytes(33)))
    partition = partition_of(user, PARTITIONS)
    last = (await log.client.xrevrange(keys.log(partition), count=1))[0][0]
    assert published.position == (partition, last)


async def test_a_conflict_changes_nothing(log: DirectoryLog, user: UUID) -> None:
    await log.publish(user, 1, ONE)
    before = await log.fields(user), await log.events(user)
    with pytest.raises(Refusal) as caught:
        await log.publish(user, 2, TWO, Prekey(1, bytes(33)))
    assert caught.value.code == "identity_conflict"
    assert (await log.fields(user), await log.events(user)) == before


async def test_a_replacement_closes_every_other_device_and_keeps_its_own_numbers(
    log: DirectoryLog, user: UUID
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
    log: DirectoryLog, user: UUID
) -> None:
    await log.publish(user, 1, ONE)
    await log.publish(user, 2, TWO, replace=True)
    again = await log.publish(user, 2, TWO, replace=True)
    assert (again.change, again.closed, again.replacer, again.replaced_upto) == ("added", [1], 2, 99)


async def test_two_identities_that_cross_leave_one_and_a_conflict(log: DirectoryLog, user: UUID) -> None:
    outcomes = await asyncio.gather(
        *(log.publish(user, device, (ONE, TWO)[device % 2]) for device in range(1, 9)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    assert len(refused) == 4
    assert await log.changes(user) == ["first", "added", "added", "added"]
    identities = {event.identity_key for event in await log.events(user) if isinstance(event, IdentitySet)}
    assert identities == {(await log.fields(user))["i"]}


async def test_crossing_replacements_leave_one_active_device(log: DirectoryLog, user: UUID) -> None:
    identities = [b"\x05" + bytes([number]) * 32 for number in range(8)]
    await asyncio.gather(
        *(log.publish(user, number + 1, identities[number], replace=True) for number in range(8))
    )
    fields = await log.fields(user)
    active = [name for name in fields if name.startswith("r")]
    assert len(active) == 1
    assert fields["i"] == identities[int(active[0][1:]) - 1]
    assert len(await log.closed(user)) == 7


async def test_only_an_active_device_of_that_identity_adds_keys(log: DirectoryLog, user: UUID) -> None:
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


async def test_the_identity_is_told_of_active_devices_only(log: DirectoryLog, user: UUID) -> None:
    assert await log.directory.identity(user, 1) is None
    await log.publish(user, 1, ONE)
    assert await log.directory.identity(user, 1) == ONE
    assert await log.directory.identity(user, 2) is None


async def test_a_prekey_is_the_first_takers_however_many_ask(log: DirectoryLog, user: UUID) -> None:
    await log.publish(user, 1, ONE)
    wanted = [(1, number) for number in range(1, 6)]
    outcomes = await asyncio.gather(*(log.directory.take(user, wanted, 1) for _ in range(10)))
    assert [sum(column) for column in zip(*outcomes, strict=True)] == [1] * 5
    taken = [event.prekey_id for event in await log.events(user) if isinstance(event, PrekeyTaken)]
    assert sorted(taken) == [1, 2, 3, 4, 5]


async def test_kem_prekeys_are_recorded_with_the_identity_and_after_the_others(
    log: DirectoryLog, user: UUID
) -> None:
    last_resort, one_time = SignedPrekey(9, b"last", b"s"), (SignedPrekey(3, b"once", b"s"),)
    published = await log.publish(
        user, 1, ONE, Prekey(3, bytes(33)), kem_prekey=last_resort, kem_prekeys=one_time
    )
    identity, uploaded, kem_uploaded = await log.events(user)
    assert (identity.kem_prekey, uploaded.prekeys) == (last_resort, (Prekey(3, bytes(33)),))
    assert (type(kem_uploaded), kem_uploaded.prekeys) == (KemPrekeysUploaded, one_time)
    partition = partition_of(user, PARTITIONS)
    newest = (await log.client.xrevrange(keys.log(partition), count=1))[0][0]
    assert published.position == (partition, newest)
    again = SignedPrekey(10, b"last", b"s")
    await log.publish(user, 2, TWO, replace=True, kem_prekey=again)
    assert (await log.events(user))[-1].kem_prekey == again, "whichever change it was"


async def test_only_an_active_device_of_that_identity_adds_kem_prekeys(log: DirectoryLog, user: UUID) -> None:
    await log.publish(user, 1, ONE)
    prekeys, last_resort = (SignedPrekey(5, b"once", b"s"),), SignedPrekey(6, b"last", b"s")
    await log.directory.upload(user, 1, ONE, prekeys, 2, KEM)
    await log.directory.set_signed_prekey(user, 1, ONE, SIGNED, 2, last_resort)
    with pytest.raises(Refusal) as caught:
        await log.directory.upload(user, 1, TWO, prekeys, 3, KEM)
    assert caught.value.code == "device_inactive"
    _, uploaded, signed = await log.events(user)
    assert (type(uploaded), uploaded.prekeys) == (KemPrekeysUploaded, prekeys)
    assert (signed.signed_prekey, signed.kem_prekey) == (SIGNED, last_resort)


async def test_prekeys_of_both_kinds_with_one_id_are_each_the_first_takers_however_many_ask(
    log: DirectoryLog, user: UUID
) -> None:
    await log.publish(user, 1, ONE)
    wanted = [(1, number) for number in range(1, 6)]
    outcomes = await asyncio.gather(
        *(log.directory.take(user, wanted, 1, kind) for _ in range(5) for kind in KINDS)
    )
    assert [sum(column) for column in zip(*outcomes, strict=True)] == [2] * 5
    for kind in KINDS:
        taken = [event.prekey_id for event in await log.events(user) if isinstance(event, kind.taken)]
        assert sorted(taken) == [1, 2, 3, 4, 5]
    marks = await log.client.zrange(keys.taken(partition_of(user, PARTITIONS)), 0, -1)
    assert {f"{user}:1:5".encode(), f"{user}:1:kem:5".encode()} <= set(marks)
    assert await log.directory.take(user, [(2, 1)], 1, KEM) == [None], "a device that is not active"


async def test_a_prekey_that_an_earlier_version_marked_is_not_handed_out_again(
    log: DirectoryLog, user: UUID
) -> None:
    await log.publish(user, 1)
    await log.client.set(f"{keys.taken(partition_of(user, PARTITIONS))}:{user}:1:1", 1)
    assert await log.directory.take(user, [(1, 1), (1, 2)], 2) == [False, True]


async def test_a_prekeys_mark_has_the_time_of_its_entry_and_does_not_expire(
    log: DirectoryLog, user: UUID
) -> None:
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


async def test_a_deleted_account_is_forgotten_and_may_be_deleted_again(log: DirectoryLog, user: UUID) -> None:
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
