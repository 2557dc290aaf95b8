"""Retention's rounds on real servers: what had its time leaves the tables, the log, and the disk."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from schema import keys
from schema.clock import now_ms
from schema.partitions import partition_of
from tests.servers import Servers
from tests.workers import stories
from tests.workers.oracle import projected
from tests.workers.running import PARTITIONS, Workers, until
from workers.retention.clock import cautious_now
from workers.retention.rewriting import rewrite_when_due
from workers.retention.rounds import Retention, Schedule

CANARY = b"a ciphertext that must not stay on the disk"


async def test_the_earliest_of_the_clocks_counts(log, database) -> None:
    now = now_ms()
    assert await cautious_now(database, log, lambda: 5) == 5
    ahead = await cautious_now(database, log, lambda: now + 3_600_000)
    assert abs(ahead - now) < 60_000


async def test_a_rewrite_is_asked_for_once_in_its_interval(log, board) -> None:
    await until(lambda: _rewritten(log))
    assert await rewrite_when_due(board, log, 60)
    assert not await rewrite_when_due(board, log, 60)
    await until(lambda: _rewritten(log))
    await board.delete(keys.REWRITTEN)
    assert await rewrite_when_due(board, log, 0.05)
    await asyncio.sleep(0.1)
    await until(lambda: _rewritten(log))
    assert await rewrite_when_due(board, log, 60)


async def _rewritten(log: Any) -> bool:
    state = await log.info("persistence")
    return not state["aof_rewrite_in_progress"] and not state["aof_rewrite_scheduled"]


async def test_a_rewrite_that_is_refused_is_asked_for_again_soon(log, board) -> None:
    await until(lambda: _rewritten(log))
    await log.execute_command("BGREWRITEAOF")
    refused = not await rewrite_when_due(board, log, 60)
    if refused:  # unless the first one was done already
        assert not await board.exists(keys.REWRITTEN)
    await until(lambda: _rewritten(log))


async def test_a_step_that_fails_does_not_keep_the_others_from_theirs(
    log, board, database, capsys, servers: Servers
) -> None:
    schedule = Schedule(1000, 60, 60)
    await until(lambda: _rewritten(log))
    retention = Retention(database, log, board, 1, schedule, now_ms)
    async with database.connection() as connection:
        await connection.execute("ALTER TABLE envelopes RENAME TO elsewhere")
    await retention.round()
    assert "step=expire" in capsys.readouterr().out
    assert await board.exists(keys.REWRITTEN)
    servers.kill("board")
    await retention.round()
    said = capsys.readouterr().out
    assert "step=sweep" in said
    assert "step=rewrite" in said
    servers.stop("log")
    await retention.round()
    assert "step=clock" in capsys.readouterr().out


def files_with(folder: Path, words: bytes) -> list[str]:
    found = []
    for path in folder.rglob("*"):
        try:
            if path.is_file() and words in path.read_bytes():
                found.append(path.name)
        except FileNotFoundError:
            continue  # an old file went while we looked
    return found


async def test_a_rewrite_leaves_out_a_trimmed_entry_whose_neighbour_lives(
    log, board, servers: Servers
) -> None:
    """Both lie in one node of the stream, and a node is freed only with its last entry."""
    folder = servers.places.data / "log"
    await log.xadd(keys.log(0), {"e": CANARY})
    young = await log.xadd(keys.log(0), {"e": b"young"})
    await log.xtrim(keys.log(0), minid=young, approximate=False)
    await until(lambda: _rewritten(log))
    assert files_with(folder, CANARY)
    assert await rewrite_when_due(board, log, 60)
    await until(lambda: _rewritten(log))

    async def gone() -> bool:
        return not (files_with(folder, CANARY) or files_with(folder, CANARY))

    await until(gone)
    assert await log.xlen(keys.log(0)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("fate", ["expired", "acknowledged"])
async def test_threat_27_expired_ciphertext_is_gone_from_tables_log_and_disk(
    log, database_url, workers: Workers, servers: Servers, fate
) -> None:
    user = uuid4()
    partition = partition_of(user, PARTITIONS)
    folder = servers.places.data / "log"
    settings = {
        "SEALSTREAM_ENVELOPE_TTL_SECONDS": "2",
        "SEALSTREAM_RETENTION_INTERVAL_SECONDS": "0.5",
        "SEALSTREAM_REWRITE_INTERVAL_SECONDS": "1",
    }
    for name in ("projector", "pusher", "retention"):
        workers.start(name, **settings)
    await log.hset(keys.user(partition, user), mapping={"i": b"key", "r1": 1, "h1": 1})
    at = now_ms()
    await log.xadd(keys.log(partition), stories.fields(stories.identity(user, at=at)))
    story = stories.accepted(user, 1, 1, at, body=CANARY)
    await log.xadd(keys.log(partition), stories.fields(story))
    assert files_with(folder, CANARY)
    if fate == "acknowledged":
        await log.hset(keys.user(partition, user), "c1", 1)
        await log.xadd(keys.log(partition), stories.fields(stories.acknowledged(user, 1, 1)))
    # The partition stays busy: young entries share stream nodes with old ones.
    other = uuid4()

    async def gone() -> bool:
        fields = stories.fields(stories.acknowledged(other, 1, 1, now_ms()))
        await log.xadd(keys.log(partition), fields)
        oldest = (await log.xrange(keys.log(partition), count=1))[0][0]
        # Twice: a file that was renamed while we looked may have hidden the words.
        return int(oldest.split(b"-")[0]) > at + 1 and not (
            files_with(folder, CANARY) or files_with(folder, CANARY)
        )

    await until(gone, within=60)

    async def projected_away() -> bool:
        return projected(database_url, [user])["envelopes"] == []

    await until(projected_away)
