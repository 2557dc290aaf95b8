"""Stretches of the log become segments: each entry once, whatever ends the archivist when."""

import stat
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest

from schema import keys
from schema.events import EnvelopeAccepted
from schema.positions import Position
from tests.workers.archive.conftest import Make, read_by_all, tell
from tests.workers.archive.reads import (
    END,
    all_pages,
    all_records,
    archive,
    faults,
    joined,
    positions,
    recorded,
    segment,
)
from tests.workers.stories import accepted, acknowledged, identity, uploaded, users
from workers.archive import heads
from workers.archive.header import Head
from workers.archive.store import Store, StoreAway
from workers.retention.trimming import Trimmer

BODY = b"a ciphertext that must not be archived"


def history(count: int = 12) -> list:
    (user,) = users(1)
    story = [identity(user), uploaded(user, 1, 1, 2, 3)]
    for number in range(1, count - 1):
        said = accepted(user, 1, number, body=BODY) if number % 2 else acknowledged(user, 1, number - 1)
        story.append(said)
    return story


def modes(place: Path) -> dict[str, int]:
    return {
        str(path.relative_to(place)).removeprefix("."): stat.S_IMODE(path.stat().st_mode)
        for path in (place, *place.rglob("*"))
    }


async def test_a_stretch_is_read_back_as_the_log_had_it_but_for_the_bodies(
    log, make: Make, place: Path
) -> None:
    await tell(log, history())
    archivist = make(entries=100)
    before = await all_records(joined(archivist, log))
    head = await archivist.write(0, Position(11, 0))
    assert head.last == Position(10, 0)
    records = await all_records(archive(archivist))
    assert [record.position for record in records] == [record.position for record in before[:10]]
    for mine, theirs in zip(records, before, strict=False):
        assert (mine.seq, mine.size) == (theirs.seq, theirs.size)
        if isinstance(mine.event, EnvelopeAccepted):
            assert mine.event.body == b""
            assert mine.digest == sha256(BODY).digest() == theirs.body_digest()
            assert mine.event.id == theirs.event.id
        else:
            assert mine.event == theirs.event
    assert BODY not in segment(place, 1).read_bytes()


async def test_archive_and_log_are_one_without_a_gap_or_a_double(log, database, make: Make) -> None:
    await tell(log, history(23))
    await read_by_all(log, database)
    archivist = make(entries=4)
    trimmer = Trimmer(database, log, archivist)
    for _ in range(3):
        await trimmer.trim_oldest(0, Position(20, 0))
    assert (await archivist.head(0)).last == Position(12, 0)
    await log.xtrim(keys.log(0), minid="9-0", approximate=False)
    for after, upto in ((0, 99), (3, 21), (12, 13), (8, 12), (9, 9), (11, 23), (22, 99)):
        expected = [ms for ms in range(1, 24) if after < ms <= upto]
        found = await positions(joined(archivist, log, page=3), 0, Position(after, 0), Position(upto, 0))
        assert found == expected, (after, upto)
    extent = await joined(archivist, log).extent(0)
    assert (extent.first, extent.last, extent.complete) == (Position(1, 0), Position(23, 0), True)


async def test_a_reader_that_is_overtaken_by_the_trim_goes_on_in_the_archive(
    log, database, make: Make
) -> None:
    await tell(log, history(30))
    await read_by_all(log, database)
    archivist = make(entries=7)
    trimmer = Trimmer(database, log, archivist)
    found: list[int] = []
    async for page in joined(archivist, log, page=2).pages(0, Position(0, 0), END):
        found += [record.position.ms for record in page.records]
        await archivist.write(0, Position(28, 0))
        last = (await archivist.head(0)).last
        await log.xtrim(keys.log(0), minid=str(last.next()), approximate=False)
    assert found == list(range(1, 31))
    assert trimmer.archivist is archivist


async def test_a_reader_is_not_misled_by_an_erased_entry_behind_the_trim(log, database, make: Make) -> None:
    """The newest erased entry then lies behind what it has, which looks like an erased account."""
    await tell(log, history(30))
    archivist = make(entries=30)
    found: list[int] = []
    async for page in joined(archivist, log, page=4).pages(0, Position(0, 0), END):
        found += [record.position.ms for record in page.records]
        if found[-1] == 4:
            await archivist.write(0, Position(29, 0))
            await log.xdel(keys.log(0), "28-0")
            await log.xtrim(keys.log(0), minid="29-0", approximate=False)
    assert found == list(range(1, 31))


async def test_a_crash_between_write_and_trim_repeats_nothing(log, database, make: Make) -> None:
    await tell(log, history(20))
    await make(entries=5).write(0, Position(20, 0))  # … and it dies before it trims
    archivist = make(entries=5)
    await archivist.write(0, Position(20, 0))
    assert await positions(archive(archivist)) == list(range(1, 11))
    assert await faults(archivist, database) == []


async def test_a_crash_before_the_database_was_told_repeats_nothing(log, database, make: Make) -> None:
    await tell(log, history(20))
    first = await make(entries=5).write(0, Position(20, 0))
    async with database.connection() as connection:
        await connection.execute("DELETE FROM archive_heads")
    archivist = make(entries=5)
    assert await archivist.head(0) == first
    assert (await recorded(database))[0].head == first
    await archivist.write(0, Position(20, 0))
    assert await faults(archivist, database) == []


async def test_two_archivists_at_once_do_not_fork_the_chain(log, database, make: Make) -> None:
    await tell(log, history(40))
    one, other = make(entries=5), make(entries=7)
    for _ in range(2):
        await one.head(0)
        await other.head(0)
        await one.write(0, Position(40, 0))
        await other.write(0, Position(40, 0))
    assert await positions(archive(one)) == list(range(1, 25))
    assert await faults(one, database) == []


async def test_what_nobody_can_read_is_named_with_its_digest(log, make: Make) -> None:
    await tell(log, history(3))
    await log.xadd(keys.log(0), {"e": b"\xc1 not ours"}, "4-0")
    await log.xadd(keys.log(0), {"e": b"\xc1"}, "5-0")
    archivist = make(entries=10)
    await archivist.write(0, Position(9, 0))
    (page,) = await all_pages(archive(archivist))
    assert [record.position.ms for record in page.records] == [1, 2, 3]
    assert [entry.position.ms for entry in page.unreadable] == [4, 5]
    assert page.upto == Position(5, 0)
    assert await positions(archive(archivist), 0, Position(2, 0), Position(3, 0)) == [3]


async def test_nothing_new_writes_no_segment(log, make: Make, place: Path) -> None:
    await tell(log, history(5))
    archivist = make(entries=10)
    head = await archivist.write(0, Position(6, 0))
    assert await archivist.write(0, Position(6, 0)) == head
    assert not segment(place, 2).exists()


async def test_the_files_are_their_owners_only(log, make: Make, place: Path) -> None:
    await tell(log, history(5))
    await make().write(0, Position(6, 0))
    assert modes(place) == {"": 0o700, "0000": 0o700, "0000/000000000001.segment": 0o600}


async def test_what_was_trimmed_before_there_was_an_archive_is_a_hole_that_is_said(
    log, database, make: Make
) -> None:
    await tell(log, history(20))
    await log.xtrim(keys.log(0), minid="6-0", approximate=False)
    archivist = make(entries=50)
    await archivist.write(0, Position(15, 0))
    source = archive(archivist)
    assert await positions(source) == list(range(6, 15))
    assert not (await source.extent(0)).complete
    assert await faults(archivist, database) == [("unarchived", 1)]


async def test_a_time_without_an_archive_is_a_hole_that_is_said(log, database, make: Make) -> None:
    await tell(log, history(30))
    await read_by_all(log, database)
    archivist = make(entries=8)
    await archivist.write(0, Position(30, 0))
    await Trimmer(database, log, archivist).trim_window(1, now=19, window_ms=10)
    await Trimmer(database, log, None).trim_window(1, now=25, window_ms=10)
    assert await faults(archivist, database) == [("unarchived", 2)]
    again = make(entries=8)
    await again.write(0, Position(30, 0))
    assert await positions(archive(again)) == [*range(1, 9), *range(15, 23)]
    assert await faults(again, database) == [("unarchived", 2)]


async def test_segments_that_were_lost_do_not_set_the_chain_back(
    log, database, make: Make, place: Path, capsys
) -> None:
    await tell(log, history(30))
    archivist = make(entries=5)
    for _ in range(3):
        await archivist.write(0, Position(30, 0))
    for number in (2, 3):
        segment(place, number).unlink()
    again = make(entries=5)
    await again.write(0, Position(30, 0))
    assert "archive_segments_missing" in capsys.readouterr().out
    assert await positions(archive(again)) == [*range(1, 6), *range(16, 21)]
    assert await faults(again, database) == [("missing", 2), ("missing", 3)]


async def test_a_head_never_goes_back(database) -> None:
    async with database.connection() as connection:
        await heads.record(connection, 0, Head(3, b"c" * 32, Position(30, 0)))
        await heads.record(connection, 0, Head(2, b"b" * 32, Position(20, 0)))
        assert (await heads.read_all(connection))[0].head.number == 3


@pytest.mark.parametrize("place", ["/dev/null/archive", "s3://"])
def test_a_place_that_cannot_be_one_is_refused(place: str) -> None:
    with pytest.raises(StoreAway):
        Store.open(place)


async def test_storage_in_memory_takes_each_number_once() -> None:
    store = Store.open("memory://")
    assert await store.put_new("0000/000000000001.segment", b"one")
    assert not await store.put_new("0000/000000000001.segment", b"other")
    assert await store.read("0000/000000000001.segment") == b"one"
    assert await store.read_start("0000/000000000001.segment", 2) == b"on"
    for number in (2, 10):
        await store.put_new(f"0000/{number:012}.segment", b"")
    assert await store.numbers(0) == [1, 2, 10]
    assert await store.numbers(0, after=2) == [10]
    assert await store.numbers(1) == []
    await store.remove(["0000/000000000001.segment", f"{uuid4()}"])
    assert await store.numbers(0) == [2, 10]
