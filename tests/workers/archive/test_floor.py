"""The archive keeps an entry as long as it was told; what went before is no missing segment."""

from pathlib import Path

import pytest

from schema.positions import Position
from tests.workers.archive.conftest import Make, tell
from tests.workers.archive.reads import archive, faults, positions, segment
from tests.workers.archive.test_archivist import history
from workers.archive import floor
from workers.archive.ageing import age
from workers.archive.archivist import Archivist
from workers.archive.floor import Floor
from workers.archive.store import Store
from workers.replay.records import Overtaken


@pytest.fixture
async def archivist(log, make: Make) -> Archivist:
    """Segments 1 to 5, of the entries 1 to 5, 6 to 10 …"""
    await tell(log, history(25))
    made = make(entries=5)
    for _ in range(5):
        await made.write(0, Position(99, 0))
    return made


async def test_segments_go_from_the_front_once_their_last_entry_is_old_enough(
    archivist: Archivist, database, place: Path
) -> None:
    assert await age(archivist, 1, before=15) == 2
    assert await Store.open(str(place)).numbers(0) == [3, 4, 5]
    assert await faults(archivist, database) == []
    assert await positions(archive(archivist)) == list(range(11, 26))
    assert not (await archive(archivist).extent(0)).complete
    assert await age(archivist, 1, before=15) == 0


async def test_all_of_them_may_go_and_the_chain_goes_on(
    archivist: Archivist, database, log, make: Make
) -> None:
    assert await age(archivist, 1, before=1000) == 5
    assert await faults(archivist, database) == []
    await tell(log, history(5), first=26)
    again = make(entries=5)
    assert (await again.write(0, Position(99, 0))).number == 6
    assert await faults(again, database) == []
    assert await positions(archive(again)) == list(range(26, 31))


async def test_what_was_left_by_a_crash_is_removed_at_the_next_look(
    archivist: Archivist, database, place: Path
) -> None:
    kept = segment(place, 1).read_bytes()
    await age(archivist, 1, before=15)
    segment(place, 1).write_bytes(kept)
    assert await faults(archivist, database) == [], "it is no part of the archive any more"
    assert await age(archivist, 1, before=15) == 1
    assert not segment(place, 1).exists()


async def test_a_segment_that_another_worker_removes_meanwhile_is_no_error(
    archivist: Archivist, database, place: Path, make: Make
) -> None:
    class Late(Store):
        async def read_start(self, name: str, length: int) -> bytes:
            await age(archivist, 1, before=15)
            return await super().read_start(name, length)

    late = make(entries=5)
    late.store = Late.open(str(place))
    assert await age(late, 1, before=10) == 0
    assert await Store.open(str(place)).numbers(0) == [3, 4, 5]
    assert await faults(archivist, database) == [], "the archive still begins where the other one said"


async def test_one_that_is_missing_behind_the_floor_is_still_named(
    archivist: Archivist, database, place: Path
) -> None:
    await age(archivist, 1, before=15)
    segment(place, 3).unlink()
    assert await faults(archivist, database) == [("missing", 3)]
    assert await age(archivist, 1, before=1000) == 0, "nothing is removed behind a hole"


async def test_a_floor_that_the_relay_did_not_sign_hides_nothing(
    archivist: Archivist, database, place: Path
) -> None:
    opened = Floor(partition=0, number=3)
    await floor.write(archivist.store, opened, archivist.key)
    path = place / "0000" / "floor"
    path.write_bytes(path.read_bytes().replace(b"\xa6number\x03", b"\xa6number\x04"))
    for number in (1, 2, 3):
        segment(place, number).unlink()
    found = await faults(archivist, database)
    assert ("changed", 0) in found
    assert [fault for fault in found if fault[0] == "missing"] == [
        ("missing", 1),
        ("missing", 2),
        ("missing", 3),
    ]
    assert await age(archivist, 1, before=1000) == 0


async def test_another_partitions_floor_hides_nothing(archivist: Archivist, database, place: Path) -> None:
    await floor.write(archivist.store, Floor(partition=1, number=4), archivist.key)
    (place / "0000" / "floor").write_bytes((place / "0001" / "floor").read_bytes())
    segment(place, 1).unlink()
    assert ("missing", 1) in await faults(archivist, database)


async def test_segments_that_reach_their_age_while_the_chain_is_read_are_not_missing(
    archivist: Archivist, database, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = Store.numbers
    aged: list[int] = []

    async def once_aged(self: Store, *arguments, **more) -> list[int]:
        if not aged:  # after the floor was read, before the segments are listed
            aged.append(0)
            aged.append(await age(archivist, 1, before=15))
        return await numbers(self, *arguments, **more)

    monkeypatch.setattr(Store, "numbers", once_aged)
    assert await faults(archivist, database) == []
    assert aged == [0, 2]


async def test_a_reader_whose_segments_reach_their_age_is_overtaken(archivist: Archivist) -> None:
    source = archive(archivist)
    pages = source.pages(0, Position(0, 0), Position(25, 0))
    assert [record.position.ms for record in (await anext(pages)).records] == [1, 2, 3, 4, 5]
    await age(archivist, 1, before=15)
    with pytest.raises(Overtaken):
        await anext(pages)
    assert source.faults(0) == []
