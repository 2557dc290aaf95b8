"""Ciphertexts in the archive, by choice: read back, checked by their digests, and gone with their account."""

from pathlib import Path
from typing import Any

from relay.identity.directory import Directory
from schema import functions, keys
from tests.workers.archive.conftest import Make, read_by_all, tell
from tests.workers.archive.reads import all_records, archive, faults
from tests.workers.deletions import CANARY, life, neighbours
from tests.workers.moments import say
from tests.workers.retention.test_rounds import files_with
from tests.workers.running import PARTITIONS
from tests.workers.stories import accepted, users
from workers.positions import Position
from workers.retention.erasing import erase


def bodies(place: Path, number: int) -> Path:
    return place / "0000" / f"{number:012}.bodies"


async def test_they_are_kept_when_the_operator_wants_it(log, database, make: Make) -> None:
    (user,) = users(1)
    await tell(log, [accepted(user, 1, number, body=f"body {number}".encode()) for number in range(1, 8)])
    archivist = make(keep_bodies=True)
    for _ in range(2):
        await archivist.write(0, Position(99, 0))
    found = [record.event.body for record in await all_records(archive(archivist))]
    assert found == [f"body {number}".encode() for number in range(1, 8)]
    assert await faults(archivist, database) == []


async def test_one_that_was_changed_is_named_and_not_read(log, database, make: Make, place: Path) -> None:
    (user,) = users(1)
    await tell(log, [accepted(user, 1, 1, body=b"the body")])
    archivist = make(keep_bodies=True)
    await archivist.write(0, Position(99, 0))
    bodies(place, 1).write_bytes(bodies(place, 1).read_bytes().replace(b"the body", b"The body"))
    assert await faults(archivist, database) == [("changed", 1)]
    (record,) = await all_records(archive(archivist))
    assert record.event.body == b""
    bodies(place, 1).write_bytes(b"\xc1")
    assert await faults(archivist, database) == [("changed", 1)]


async def test_they_are_written_again_after_a_crash_before_them(log, make: Make, place: Path) -> None:
    (user,) = users(1)
    await tell(log, [accepted(user, 1, 1, body=b"the body")])
    await make(keep_bodies=True).write(0, Position(99, 0))
    bodies(place, 1).unlink()
    archivist = make(keep_bodies=True)
    async with archivist._database.connection() as connection:
        await connection.execute("DELETE FROM archive_heads")
    await archivist.head(0)
    (record,) = await all_records(archive(archivist))
    assert record.event.body == b"the body"


async def test_those_of_a_deleted_account_go_and_the_chain_stays_whole(
    log, database, make: Make, place: Path
) -> None:
    await functions.install(log, "relay")
    await functions.install(log, "workers")
    user, other = neighbours(2)
    await say(log, *life(user), *life(other, body=b"of another account"))
    archivist = make(keep_bodies=True, entries=50)
    await archivist.write(0, Position(2**60, 0))
    assert files_with(place, CANARY)
    await Directory(log, PARTITIONS).delete(user, 1, 1)
    await read_by_all(log, database)
    await erase(database, log, PARTITIONS, archivist.store)
    assert not files_with(place, CANARY)
    assert files_with(place, b"of another account")
    assert await faults(archivist, database) == []
    assert not await log.exists(keys.deleted(0))


async def test_what_was_erased_while_a_segment_was_written_is_not_kept(
    log: Any, database: Any, make: Make, place: Path, monkeypatch
) -> None:
    """Of two workers at once, one had read the entries before the other erased them."""
    (user,) = users(1)
    await tell(log, [accepted(user, 1, 1, body=CANARY), accepted(user, 1, 2, body=b"stays")])
    archivist = make(keep_bodies=True)
    put_new = archivist.store.put_new

    async def erased_meanwhile(name: str, data: bytes) -> bool:
        await log.xdel(keys.log(0), "1-0")
        return await put_new(name, data)

    monkeypatch.setattr(archivist.store, "put_new", erased_meanwhile)
    await archivist.write(0, Position(99, 0))
    assert not files_with(place, CANARY)
    assert [record.event.body for record in await all_records(archive(archivist))] == [b"", b"stays"]
