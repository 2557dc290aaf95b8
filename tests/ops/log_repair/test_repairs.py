"""After a loss: an empty log filled from the database, and pairs that do not belong together joined again."""

import pytest

from ops.errors import OperatorError
from ops.log_repair.adopt import adopt
from ops.log_repair.restore import restore
from schema import functions, keys
from schema.log_identity import LogUnfit, read_end
from schema.partitions import partition_of
from schema.prekeys import KEM
from tests.ops.log_repair.repairing import Declined, Operator, audited, repaired
from tests.support.log_and_database import PARTITIONS, LogAndDatabase


async def test_an_empty_log_goes_on_with_the_numbers_of_the_database(world: LogAndDatabase) -> None:
    anna, bela, gone = [await world.person() for _ in range(3)]
    for size in (10, 20, 30):
        await world.send(anna, body=b"x" * size)
    await world.acknowledge(anna, 1)
    await world.directory.close(gone, 1, 5)
    await world.project()
    await world.settle()
    await world.send(anna)  # the database never hears of it
    await world.client.flushall()
    with pytest.raises(LogUnfit, match="restore-log-heads"):
        await world.settle()

    shown = await repaired(world, restore)
    assert "3 accounts, their 2 active devices, and 2 messages" in shown
    assert "6 one-time prekeys are retired" in shown
    box = await world.mailbox(anna)
    assert box is not None
    assert (box.registration_id, box.head, box.cursor, box.floor) == (7, 3, 1, 0)
    assert await world.sizes(anna) == (b"3:50", [20, 30])
    assert await world.sizes(bela) == (None, [])
    assert await world.mailbox(gone) is None
    assert await world.send(anna) == 4
    assert await world.send(bela) == 1
    assert await world.rows("SELECT * FROM one_time_prekeys") == []
    assert await world.taken(anna) == [1, 2, 3]
    await world.project()
    assert await world.owed(anna) == [2, 3, 4]
    assert await world.owed(bela) == [1]
    assert await world.rows("SELECT count(*) FROM used_prekeys") == [(6,)]
    assert (await audited(world)).violations == []


async def test_a_restore_that_is_declined_or_not_called_for_changes_nothing(world: LogAndDatabase) -> None:
    await world.person()
    await world.project()
    await world.settle()
    with pytest.raises(OperatorError, match="The log is not empty"):
        await restore(world.client, world.begin, PARTITIONS, Operator())
    await world.client.flushall()
    with pytest.raises(Declined):
        await restore(world.client, world.begin, PARTITIONS, Operator(agrees=False))
    with pytest.raises(OperatorError, match="SEALSTREAM_PARTITIONS=2"):
        await restore(world.client, world.begin, 4, Operator())
    assert await world.client.keys() == []
    await world.execute("DELETE FROM users")
    with pytest.raises(OperatorError, match="no accounts"):
        await restore(world.client, world.begin, PARTITIONS, Operator())


async def test_an_interrupted_repair_keeps_everything_from_starting_until_it_is_run_again(
    world: LogAndDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await world.person()
    await world.send(anna)
    await world.project()
    await world.settle()
    await world.client.flushall()
    with monkeypatch.context() as patched:
        patched.setattr("ops.log_repair.settling.finish", None)
        with pytest.raises(TypeError):
            await restore(world.client, world.begin, PARTITIONS, Operator())
    with pytest.raises(LogUnfit, match="restore-log-heads` was interrupted"):
        await world.settle()
    with pytest.raises(OperatorError, match="run that again"):
        await adopt(world.client, world.begin, PARTITIONS, Operator())
    await repaired(world, restore)
    assert await world.taken(anna) == [1, 2, 3], "each once, although the command ran twice"
    assert await world.send(anna) == 2


async def test_an_older_log_is_brought_up_to_the_database(world: LogAndDatabase) -> None:
    anna, gone = await world.person(), await world.person()
    await world.send(anna, times=2)
    await world.send(gone)
    await world.project()
    await world.settle()
    older = await world.copy_of_log()
    for size in (30, 40):
        await world.send(anna, body=b"x" * size)
    await world.acknowledge(anna, 3)
    newcomer = await world.person()
    await world.send(newcomer)
    await world.directory.delete(gone, 1, 5)
    await world.execute("DELETE FROM users WHERE user_id = %s", gone)
    await world.project()
    await world.restore_log(older)
    with pytest.raises(LogUnfit, match=r"The log is older.*adopt-log"):
        await world.settle()

    shown = await repaired(world, adopt)
    assert "The log is older in" in shown
    assert "0 entries of the log yet to read" in shown
    box = await world.mailbox(anna)
    assert box is not None
    assert (box.head, box.cursor) == (4, 3)
    assert await world.sizes(anna) == (b"4:40", [40])
    assert await world.sizes(gone) == (None, [])
    assert await world.mailbox(gone) is None
    assert await world.send(anna) == 5
    assert await world.send(newcomer) == 2
    await world.project()
    assert await world.owed(anna) == [4, 5]
    assert await world.owed(newcomer) == [1, 2]
    assert await world.rows("SELECT * FROM one_time_prekeys") == []
    assert (await audited(world)).violations == []


async def test_an_older_database_reads_on_in_the_log(world: LogAndDatabase) -> None:
    anna = await world.person()
    await world.send(anna, times=2)
    await world.project()
    older = await world.copy_of_database()  # from before the id
    await world.settle()
    await world.send(anna)
    await world.acknowledge(anna, 1)
    sizes = await world.sizes(anna)
    await world.directory.take(anna, [(1, 1)], 5)
    await world.person()  # whose account the older database does not have
    await world.project()
    await world.restore_database(older)
    with pytest.raises(LogUnfit, match=r"is not the one.*adopt-log"):
        await world.settle()

    shown = await repaired(world, adopt)
    assert "The log is not older than the database." in shown
    assert "1 users of the log have no account" in shown
    assert "Lost are" not in shown
    assert await world.sizes(anna) == sizes, "the log had them"
    assert await world.taken(anna) == [1, 2, 3], "the one that the log had as taken is not taken twice"
    await world.project()
    assert await world.owed(anna) == [2, 3]
    assert await world.send(anna) == 4
    assert await world.rows("SELECT prekey_id FROM one_time_prekeys WHERE user_id = %s", anna) == []
    await world.project()
    assert (await audited(world)).violations == []


async def test_messages_that_neither_has_are_counted_and_device_numbers_are_not_given_again(
    world: LogAndDatabase,
) -> None:
    anna = await world.person()
    await world.project()
    older = await world.copy_of_database()
    await world.settle()
    await world.send(anna, times=3)
    await world.execute("UPDATE users SET last_device_id = 2 WHERE user_id = %s", anna)
    key = b"\x05" + anna.bytes * 2
    from schema.events import SignedPrekey

    signed = SignedPrekey(1, b"\x05" * 33, b"s" * 64)
    await world.directory.publish(anna, 2, key, 8, signed, (), replace=False, last_device=2, at=9)
    await world.project()
    for partition in range(PARTITIONS):
        await world.client.xtrim(keys.log(partition), maxlen=0)
    await world.restore_database(older)
    shown = await repaired(world, adopt)
    assert "Lost are 3 messages" in shown
    assert await world.rows("SELECT last_device_id FROM users WHERE user_id = %s", anna) == [(2,)]


@pytest.mark.parametrize("upto", ["all", "some"])
async def test_a_database_that_has_not_read_what_was_trimmed_is_refused_until_it_is_adopted(
    world: LogAndDatabase, upto: str
) -> None:
    anna = await world.person()
    partition = partition_of(anna, PARTITIONS)
    await world.settle()
    await world.project()
    older = await world.copy_of_database()
    await world.send(anna, times=3)
    await world.project()
    last = await read_end(world.client, partition)
    before = last.next() if upto == "all" else last
    names = [keys.log(partition), keys.trimmed(partition)]
    await functions.call(world.client, "workers", "trim", names, [str(before), 0])
    assert await world.settle(), "this database has read everything"
    await world.restore_database(older)
    with pytest.raises(LogUnfit, match=r"were trimmed off the log.*newer database.*adopt-log"):
        await world.settle()

    shown = await repaired(world, adopt)
    assert f"Lost are {3 if upto == 'all' else 2} messages" in shown
    assert "In 1 of 2 partitions the log no longer has what the database has yet to read" in shown
    await world.project()
    assert await world.owed(anna) == ([] if upto == "all" else [3])
    report = await audited(world)
    assert report.violations == []
    assert report.notes
    assert await world.send(anna) == 4


async def test_a_log_of_other_people_is_not_adopted(world: LogAndDatabase) -> None:
    await world.person()
    await world.project()
    await world.settle()
    await world.execute("DELETE FROM log_identity")
    await world.execute("UPDATE users SET user_id = gen_random_uuid()")
    with pytest.raises(OperatorError, match="they never belonged together"):
        await adopt(world.client, world.begin, PARTITIONS, Operator())
    with pytest.raises(LogUnfit):
        await world.settle()


async def test_what_belongs_together_is_left_alone(world: LogAndDatabase) -> None:
    await world.person()
    await world.project()
    log_id = await world.settle()
    said = await adopt(world.client, world.begin, PARTITIONS, Operator(agrees=False))
    assert "Nothing was changed" in said
    assert await world.settle() == log_id


LAST_RESORT = "SELECT kem_prekey_id FROM devices WHERE user_id = %s"
WAITING = "SELECT prekey_id FROM kem_prekeys"


async def test_one_time_kem_prekeys_are_retired_with_the_others_and_the_last_resort_stays(
    world: LogAndDatabase,
) -> None:
    anna = await world.person(kem=2)
    await world.project()
    await world.settle()
    await world.client.flushall()
    shown = await repaired(world, restore)
    assert "5 one-time prekeys are retired" in shown
    assert await world.taken(anna, KEM) == [1, 2]
    assert await world.rows(WAITING) == []
    await world.project()
    assert await world.rows("SELECT count(*) FROM used_kem_prekeys") == [(2,)]
    assert await world.rows(LAST_RESORT, anna) == [(1000,)]
    assert (await audited(world)).violations == []


async def test_a_kem_prekey_that_the_newer_log_has_as_taken_is_not_retired_twice(
    world: LogAndDatabase,
) -> None:
    anna = await world.person(kem=2)
    await world.project()
    older = await world.copy_of_database()
    await world.settle()
    await world.directory.take(anna, [(1, 1)], 5, KEM)
    await world.project()
    await world.restore_database(older)
    await repaired(world, adopt)
    assert await world.taken(anna, KEM) == [1, 2]
    assert await world.taken(anna) == [1, 2, 3]
    await world.project()
    assert await world.rows(WAITING) == []
    assert (await audited(world)).violations == []
