"""An entry that was altered in the log is named by the segment that it goes to, and is archived as it is."""

from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool

from schema import keys
from schema.positions import Position
from tests.workers import stories
from tests.workers.archive.conftest import Make, tell
from tests.workers.archive.reads import all_records, archive
from tests.workers.archive.test_archivist import history
from tests.workers.replay.rewriting import altered, rewrite
from workers import quarantine
from workers.archive.archivist import Archivist
from workers.archive.header import NAMED
from workers.batches import Batch
from workers.projector.projection import Projection
from workers.sources import log_source

Pool = AsyncConnectionPool[Any]
STORY = history(60)


async def project(database: Pool, first: int, last: int, aside: tuple[int, ...] = ()) -> None:
    """The entries `first` to `last`, counted from 1, but for those aside."""
    projection = Projection(database, 0)
    await projection.resume()
    entries = [entry for entry in stories.entries(STORY)[first - 1 : last] if entry.position.ms not in aside]
    await projection.handle(Batch(entries, Position(last, 0)))


async def test_it_is_named_in_the_header_and_by_whoever_reads_the_segment(
    log: Any, database: Pool, make: Make
) -> None:
    await tell(log, STORY)
    await log.xgroup_create(keys.log(0), keys.PROJECTOR, id="0")
    await project(database, 1, 25)
    await project(database, 26, 60)
    for place in (2, 24):
        await rewrite(log, altered(place, at=77))
    archivist = make(entries=20)
    for _ in range(3):
        await archivist.write(0, Position(61, 0))
    assert len(await all_records(archive(archivist))) == 60
    assert [(kind, number) for kind, number, _ in await named(archivist)] == [("altered", 1), ("altered", 2)]
    assert [text for _, _, text in await named(archivist)] == [
        "segment 1: altered in the log before it was written: 3-0",
        "segment 2: altered in the log before it was written: 25-0",
    ]


async def named(archivist: Archivist) -> list[tuple[str, int, str]]:
    source = archive(archivist)
    await source.extent(0)
    return [(fault.kind, fault.number, fault.text) for fault in source.faults(0)]


@pytest.mark.parametrize("how", ["in quarantine", "before there were digests", "not projected yet"])
async def test_an_entry_without_a_digest_is_no_altered_one(
    log: Any, database: Pool, make: Make, how: str
) -> None:
    await tell(log, STORY)
    if how == "in quarantine":
        source, entry = log_source(keys.PROJECTOR, 0), stories.entries(STORY)[6]
        await quarantine.set_aside(log, source, b"7-0", dict(entry.fields), "KeyError", "failing")
        await project(database, 1, 60, aside=(7,))
    elif how == "before there were digests":
        async with database.connection() as connection:
            await connection.execute("INSERT INTO checkpoints VALUES (%s, 0, '30-0')", (keys.PROJECTOR,))
        await project(database, 31, 60)
    archivist = make(entries=60)
    await archivist.write(0, Position(61, 0))
    assert await named(archivist) == []


async def test_of_many_the_first_are_named_and_all_are_counted(log: Any, database: Pool, make: Make) -> None:
    await tell(log, STORY)
    await project(database, 1, 60)
    async with database.connection() as connection:
        await connection.execute("UPDATE entry_digests SET digests = decode(repeat('00', 960), 'hex')")
    archivist = make(entries=60)
    await archivist.write(0, Position(61, 0))
    ((_, _, text),) = await named(archivist)
    assert ": 1-0, 2-0, " in text
    assert text.endswith(f" {NAMED}-0 and 40 more")
