"""The archive of a log that was lost or restored: it goes on under the new id and says what it lacks."""

from pathlib import Path
from uuid import UUID

import pytest

from ops.log_repair.adopt import adopt
from ops.log_repair.restore import restore
from schema import keys, relay_keys
from schema.log_identity import read_end
from schema.partitions import partition_of
from tests.ops.log_repair.repairing import audited, repaired
from tests.support.log_and_database import PARTITIONS, LogAndDatabase
from workers.archive import chain
from workers.archive.archivist import Archivist
from workers.archive.store import Store


async def archived(world: LogAndDatabase, place: Path) -> Archivist:
    """Everything that the log has is in the archive, and no longer in the log."""
    async with world.database.connection() as connection:
        key = await relay_keys.open_or_make(connection, bytes(32), 1)
    keys_ = {key.kid: key.private.public_key()}
    archivist = Archivist(Store.open(str(place)), world.database, world.client, key, keys_, lambda: 1)
    for partition in range(PARTITIONS):
        end = (await read_end(world.client, partition)).next()
        before = None
        while (head := await archivist.write(partition, end)) != before:
            before = head
        await world.client.xtrim(keys.log(partition), minid=str(end), approximate=False)
    return archivist


async def log_ids(archivist: Archivist, partition: int) -> list[tuple[UUID | None, bool]]:
    """Of the partition's segments: which log, and whether entries before were lost with one."""
    found = await chain.read(archivist.store, partition, archivist.keys)
    return [(opened.header.log_id, opened.header.restored) for opened in found.segments]


@pytest.mark.parametrize("again", [False, True], ids=["in the log", "in the archive"])
async def test_the_archive_of_a_log_that_was_lost_goes_on_under_the_new_id(
    world: LogAndDatabase, tmp_path: Path, again: bool
) -> None:
    anna = await world.person()
    partition = partition_of(anna, PARTITIONS)
    await world.send(anna, times=3)
    await world.acknowledge(anna, 2)
    await world.project()
    first = await world.settle()
    archivist = await archived(world, tmp_path)
    assert await log_ids(archivist, partition) == [(first, False)]
    await world.send(anna)
    await world.acknowledge(anna, 3)
    await world.project()
    await world.client.flushall()
    await repaired(world, restore)
    second = await world.settle()
    assert await world.send(anna) == 5
    await world.project()
    if again:
        archivist = await archived(world, tmp_path)
        assert await log_ids(archivist, partition) == [(first, False), (second, True)]
    report = await audited(world, archivist)
    assert report.violations == []
    assert any("the log was lost or restored from a copy" in note for note in report.notes)
    row = report.partitions[partition]
    assert (row.complete, row.accepted, row.owed) == (False, 1, 1)


async def test_an_older_log_is_archived_up_to_its_end_under_its_own_id(
    world: LogAndDatabase, tmp_path: Path
) -> None:
    anna = await world.person()
    partition = partition_of(anna, PARTITIONS)
    await world.send(anna, times=2)
    await world.project()
    first = await world.settle()
    older = await world.copy_of_log()
    await world.send(anna, times=2)
    await world.project()
    await world.restore_log(older)
    await repaired(world, adopt)
    second = await world.settle()
    await world.send(anna)
    await world.project()
    archivist = await archived(world, tmp_path)
    assert await log_ids(archivist, partition) == [(first, False), (second, True)]
    report = await audited(world, archivist)
    assert report.violations == []
    assert report.partitions[partition].entries >= 5, "everything that is left was read"


async def test_nothing_is_missing_where_the_archive_has_all_that_the_database_read(
    world: LogAndDatabase, tmp_path: Path
) -> None:
    anna = await world.person()
    await world.send(anna, times=3)
    await world.project()
    await world.settle()
    archivist = await archived(world, tmp_path)
    await world.client.flushall()
    await repaired(world, restore)
    await world.project()
    report = await audited(world, archivist)
    assert (report.violations, report.notes) == ([], [])
    assert all(row.complete for row in report.partitions if row.entries)
    assert sum(row.accepted for row in report.partitions) == 3
