"""Above half of its memory the log gives its oldest entries to the archive; in doubt it keeps them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ops.child import Child
from ops.embedded import valkey
from ops.embedded.layout import layout, prepare
from relay.admission.pressure import Pressure
from schema import keys, relay_keys, servers
from schema.relay_keys import RelayKey
from tests.support.stack import data_folder
from tests.support.until import until
from tests.workers.archive.conftest import SECRET, read_by_all, tell
from tests.workers.archive.reads import faults, joined, positions
from tests.workers.running import Workers
from tests.workers.stories import accepted, users
from workers.archive.archivist import Archivist
from workers.archive.store import Store
from workers.retention import room
from workers.retention.room import Room, memories
from workers.retention.trimming import Trimmer

BODY = bytes(32_768)


@pytest.fixture(scope="module")
def small_log() -> Iterator[str]:
    """A log of its own of 16 MiB."""
    with data_folder() as data:
        places = layout(data)
        prepare(places, traversable=False)
        program = valkey.program(valkey.LOG, places, memory_mb=16)
        child = Child.start(program, places)
        url = valkey.url(valkey.LOG, places)
        while not valkey.is_ready(url):
            assert child.exit_status() is None
        yield url
        child.kill()


@pytest.fixture
async def log(small_log: str) -> AsyncIterator[Any]:
    async with servers.client(small_log) as client:
        await client.flushall()
        yield client


@pytest.fixture
async def archivist(log: Any, database: Any, tmp_path: Path) -> Archivist:
    async with database.connection() as connection:
        key: RelayKey = await relay_keys.open_or_make(connection, SECRET, 1)
    public = {key.kid: key.private.public_key()}
    return Archivist(Store.open(str(tmp_path / "archive")), database, log, key, public, lambda: 1, entries=40)


async def fill(log: Any, count: int, partition: int = 0, *, first: int = 1) -> None:
    (user,) = users(1)
    for begin in range(first, first + count, 50):
        numbers = range(begin, min(begin + 50, first + count))
        story = [accepted(user, 1, number, body=BODY) for number in numbers]
        await tell(log, story, first=begin, partition=partition)


async def hold(log: Any, mebibytes: int) -> None:
    """Memory that no trim frees."""
    for number in range(mebibytes * 16):
        await log.set(f"other:{number}", bytes(65_000))


async def make_room(log: Any, database: Any, archivist: Archivist | None, partitions: int = 1) -> int:
    return await Room(log, partitions, Trimmer(database, log, archivist)).make(asyncio.Event())


async def share(log: Any) -> float:
    return (await memories(log))["log"].share


async def test_below_half_nothing_leaves(log, database, archivist) -> None:
    await fill(log, 150)
    await read_by_all(log, database)
    assert 0.3 < await share(log) < 0.5
    assert await make_room(log, database, archivist) == 0


async def test_the_oldest_leave_for_the_archive_and_the_node_lets_senders_in_again(
    log, database, archivist
) -> None:
    await fill(log, 420)
    await read_by_all(log, database)
    pressure = Pressure(log, 1)
    await pressure.look()
    assert pressure.refusal() is not None
    assert await make_room(log, database, archivist) > 200
    assert await share(log) <= room.END_SHARE
    await pressure.look()
    assert pressure.refusal() is None
    assert await positions(joined(archivist, log)) == list(range(1, 421))
    assert await faults(archivist, database) == []


async def test_the_partition_with_the_oldest_entries_gives_first(log, database, archivist) -> None:
    await fill(log, 110, partition=0, first=1000)
    await fill(log, 160, partition=1, first=1)
    for partition in (0, 1):
        await read_by_all(log, database, partition)
    assert await make_room(log, database, archivist, 2) > 0
    assert await log.xlen(keys.log(0)) == 110
    assert await log.xlen(keys.log(1)) < 160


async def test_what_somebody_has_to_read_stays_and_the_operator_is_warned(
    log, database, archivist, capsys
) -> None:
    await fill(log, 300)
    await read_by_all(log, database)
    await fill(log, 70, first=301)  # nobody has read these
    await log.xgroup_setid(keys.log(0), keys.PUSHER, "20-0")
    await make_room(log, database, archivist)
    assert await log.xlen(keys.log(0)) == 350
    assert await positions(joined(archivist, log)) == list(range(1, 371))
    said = capsys.readouterr().out
    assert "log_memory_short" in said
    assert "entries_left=350" in said
    assert "of_mib=16" in said


async def test_other_memory_above_half_makes_no_segment_every_second(log, database, archivist) -> None:
    await hold(log, 7)
    keeper = Room(log, 1, Trimmer(database, log, archivist))
    for begin in (1, 11, 21):
        await fill(log, 10, first=begin)
        await read_by_all(log, database)
        await keeper.make(asyncio.Event())
    assert room.BEGIN_SHARE < await share(log) < room.WARN_SHARE
    assert (await archivist.head(0)).number == 1
    await hold(log, 10)
    assert await keeper.make(asyncio.Event()) > 0, "near the refusal nothing rests"


async def test_a_missing_reader_keeps_everything(log, database, archivist, capsys) -> None:
    await fill(log, 300)
    assert await make_room(log, database, archivist) == 0
    assert "no checkpoint" in capsys.readouterr().out


async def test_without_an_archive_it_trims_all_the_same_and_says_so(log, database, archivist, capsys) -> None:
    await fill(log, 300)
    await read_by_all(log, database)
    trimmed = await make_room(log, database, None)
    assert trimmed == 300 - await log.xlen(keys.log(0)) > 0
    said = capsys.readouterr().out
    assert "log_trimmed_without_archive" in said
    assert f"entries={trimmed}" in said
    # The archive that is switched on later says what it does not have.
    await fill(log, 120, first=301)
    await read_by_all(log, database)
    await make_room(log, database, archivist)
    assert await positions(joined(archivist, log)) == list(range(trimmed + 1, 421))
    assert await faults(archivist, database) == [("unarchived", 1)]


async def test_an_archive_that_is_away_keeps_everything_and_the_operator_is_told(
    log, database, archivist, capsys
) -> None:
    await fill(log, 370)
    await read_by_all(log, database)
    archivist.store.root = Path("/dev/null/nowhere")
    assert await make_room(log, database, archivist) == 0
    said = capsys.readouterr().out
    assert "archive: " in said
    assert "log_memory_short" in said


async def test_retention_may_be_killed_between_the_segment_and_the_trim(
    small_log, log, database, database_url, board_url, archivist, tmp_path
) -> None:
    """Every entry is in archive or log, once."""
    await fill(log, 400)
    await read_by_all(log, database)
    workers = Workers(small_log, board_url, database_url)
    workers.env["SEALSTREAM_PARTITIONS"] = "1"
    secret = tmp_path / "secret.key"
    secret.write_bytes(b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")
    settings = {
        "SEALSTREAM_ARCHIVE": str(tmp_path / "archive"),
        "SEALSTREAM_SECRET_FILE": str(secret),
        "SEALSTREAM_RETENTION_INTERVAL_SECONDS": "60",
        # The entries are as old as the epoch: only for room they are to go.
        "SEALSTREAM_ENVELOPE_TTL_SECONDS": str(2**31),
        "SEALSTREAM_ARCHIVE_DAYS": "36500",
    }

    async def has_segment() -> bool:
        return bool(await archivist.store.numbers(0))

    try:
        with psycopg.connect(database_url) as held:  # what comes behind the segment waits
            held.execute("LOCK TABLE archive_heads IN SHARE MODE")
            killed = workers.start("retention", **settings)
            await until(has_segment, seconds=20)
            killed.kill()
        assert await log.xlen(keys.log(0)) == 400
        workers.start("retention", **settings)

        async def has_room() -> bool:
            return await share(log) <= room.END_SHARE

        await until(has_room, seconds=20)
    finally:
        workers.kill_all()
    assert await positions(joined(archivist, log)) == list(range(1, 401))
    assert await faults(archivist, database) == []
