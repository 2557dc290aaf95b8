"""A log with gaps where deleted accounts were serves everyone as before, and its files forget them."""

from typing import Any

import pytest

from relay.identity.directory import Directory
from schema import functions, keys
from schema.events import AccountDeleted
from tests.servers import Servers
from tests.workers.deletions import CANARY, kinds, life, neighbours, readers
from tests.workers.moments import nothing_left, say
from tests.workers.oracle import projected
from tests.workers.retention.test_rounds import files_with
from tests.workers.running import PARTITIONS, Workers, until
from workers.positions import START, Position
from workers.projector import checkpoints
from workers.retention.erasing import erase
from workers.retention.rewriting import rewrite_when_due
from workers.sources import log_source
from workers.takeover import take_over


@pytest.fixture
async def directory(log: Any) -> Directory:
    await functions.install(log, "relay")
    await functions.install(log, "workers")
    return Directory(log, PARTITIONS)


async def test_the_lag_of_the_groups_stays_known(log, database, directory) -> None:
    """Who waits for the projector, and who refuses sends because of it, goes by that number."""
    user, other = neighbours(2)
    for group in keys.LOG_GROUPS:
        await log.xgroup_create(keys.log(0), group, id="0", mkstream=True)
    await say(log, *life(other), *life(user))
    await directory.delete(user, 1, 1)
    for group in keys.LOG_GROUPS:
        ((_, rows),) = await log.xreadgroup(group, "me", {keys.log(0): ">"})
        await log.xack(keys.log(0), group, *(position for position, _ in rows))
    async with database.connection() as connection:
        known = await checkpoints.read(connection, keys.PROJECTOR, 0)
        await checkpoints.advance(connection, keys.PROJECTOR, 0, known, Position.parse(rows[-1][0]))
    assert await erase(database, log, PARTITIONS) == 6
    assert [group["lag"] for group in await log.xinfo_groups(keys.log(0))] == [0, 0]
    await say(log, *life(other))
    await log.xreadgroup(keys.PUSHER, "me", {keys.log(0): ">"}, count=2)
    lags = {group["name"]: group["lag"] for group in await log.xinfo_groups(keys.log(0))}
    assert lags == {b"projector": 6, b"pusher": 4}


async def test_a_database_that_is_older_than_the_erasing_is_brought_up_from_the_log_all_the_same(
    log, database, directory, database_url, workers: Workers
) -> None:
    """As after it was restored from a backup: the projection begins again before what was erased."""
    user, other = neighbours(2)
    await say(log, *life(other), *life(user))
    await directory.delete(user, 1, 1)
    await readers(log, database)
    await erase(database, log, PARTITIONS)
    async with database.connection() as connection:
        known = await checkpoints.read(connection, keys.PROJECTOR, 0)
        assert await checkpoints.advance(connection, keys.PROJECTOR, 0, known, START)
    workers.start("projector").until_said("group_is_ahead_of_its_checkpoint")

    async def owed() -> list[int]:
        return [row[2] for row in projected(database_url, [user, other])["envelopes"]]

    assert await until(owed) == [2, 3]
    assert {row[0] for rows in projected(database_url, [user, other]).values() for row in rows} == {other}


async def test_a_group_is_set_back_also_to_where_nothing_but_the_deletion_is_left(
    log, database, directory
) -> None:
    (user,) = neighbours(1)
    await say(log, *life(user))
    inside = (await log.xrange(keys.log(0)))[2][0]
    await directory.delete(user, 1, 1)
    await readers(log, database)
    await erase(database, log, PARTITIONS)
    source = log_source(keys.PROJECTOR, 0)
    assert await take_over(log, source, "me", Position.parse(inside)) == []
    (row,) = [row for row in await log.xinfo_groups(keys.log(0)) if row["name"] == b"projector"]
    assert row["last-delivered-id"] == inside


async def test_a_worker_may_be_killed_while_it_erases(log, directory, workers: Workers) -> None:
    user, other = neighbours(2)
    workers.start("projector")
    workers.start("pusher")
    for _ in range(10):
        await say(log, *life(other, 300), *life(user, 300))
    await directory.delete(user, 1, 1)
    for group in keys.LOG_GROUPS:
        await until(lambda group=group: nothing_left(log, group, keys.log(0)))
    before = await log.xlen(keys.log(0))
    settings = {"SEALSTREAM_RETENTION_INTERVAL_SECONDS": "0.2"}
    retention = workers.start("retention", **settings).until_said("worker_up")

    async def has_begun() -> bool:
        return bool(await log.xlen(keys.log(0)) < before)

    await until(has_begun)
    retention.kill()
    workers.start("retention", **settings)

    async def is_over() -> bool:
        return not await log.exists(keys.deleted(0))

    await until(is_over)
    assert await kinds(log, user) == [AccountDeleted]
    assert len(await kinds(log, other)) == 10 * 303


async def test_the_ciphertext_leaves_the_disk_at_the_next_rewrite(
    log, board, database, directory, servers: Servers
) -> None:
    user, other = neighbours(2)
    folder = servers.places.data / "log"
    for said in zip(life(user), life(other, body=b"of another account"), strict=True):
        await say(log, *said)  # neighbours in one node of the stream
    await directory.delete(user, 1, 1)
    await readers(log, database)
    assert await erase(database, log, PARTITIONS) == 6

    async def rewritten() -> bool:
        state = await log.info("persistence")
        return not state["aof_rewrite_in_progress"] and not state["aof_rewrite_scheduled"]

    async def gone() -> bool:
        return not (files_with(folder, CANARY) or files_with(folder, CANARY))

    await until(rewritten)
    assert files_with(folder, CANARY)
    assert await rewrite_when_due(board, log, 60)
    await until(gone)
    assert files_with(folder, b"of another account")
