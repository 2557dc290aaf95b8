"""A segment that was changed, removed, exchanged or put elsewhere is found and named."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schema import relay_keys
from schema.positions import Position
from schema.relay_keys import RelayKey
from schema.secret_file import WrongSecret
from tests.workers.archive.conftest import NOW, SECRET, Make, tell
from tests.workers.archive.reads import archive, faults, positions, segment
from tests.workers.archive.test_archivist import history
from workers.archive.archivist import Archivist

SEGMENTS = 5


@pytest.fixture
async def archivist(log, make: Make) -> Archivist:
    await tell(log, history(5 * SEGMENTS))
    made = make(entries=5)
    for _ in range(SEGMENTS):
        await made.write(0, Position(99, 0))
    return made


@asynccontextmanager
async def heads_forgotten(database: Any) -> AsyncIterator[None]:
    """The database knows of no segment meanwhile, and of those it knew afterwards."""
    async with database.connection() as connection:
        rows = await (await connection.execute("SELECT * FROM archive_heads")).fetchall()
        await connection.execute("DELETE FROM archive_heads")
    yield
    async with database.connection() as connection:
        await connection.execute("DELETE FROM archive_heads")
        await connection.execute("INSERT INTO archive_heads VALUES (%s, %s, %s, %s, %s)", rows[0])


async def test_a_whole_chain_is_clean(archivist: Archivist, database) -> None:
    assert await faults(archivist, database) == []


@pytest.mark.parametrize("where", ["magic", "header", "signature", "payload", "end"])
async def test_one_changed_byte_is_found_wherever_it_is(
    archivist: Archivist, database, place: Path, where: str
) -> None:
    path = segment(place, 3)
    data = bytearray(path.read_bytes())
    header = int.from_bytes(data[8:12], "big")
    offset = {
        "magic": 1, "header": 12 + header // 2, "signature": 12 + header + 5,
        "payload": 12 + header + 64 + 9, "end": len(data) - 1,
    }[where]  # fmt: skip
    data[offset] ^= 1
    path.write_bytes(data)
    assert await faults(archivist, database) == [("changed", 3)]
    source = archive(archivist)
    assert await positions(source) == [*range(1, 11), *range(16, 26)]


async def test_a_file_that_was_cut_is_found(archivist: Archivist, database, place: Path) -> None:
    path = segment(place, 2)
    path.write_bytes(path.read_bytes()[:-3])
    segment(place, 4).write_bytes(b"")
    assert await faults(archivist, database) == [("changed", 4), ("changed", 2)]


@pytest.mark.parametrize("number", [1, 3, SEGMENTS])
async def test_a_missing_segment_is_named_also_the_first_and_the_last(
    archivist: Archivist, database, place: Path, number: int
) -> None:
    segment(place, number).unlink()
    assert await faults(archivist, database) == [("missing", number)]


async def test_a_whole_archive_that_is_gone_is_named(archivist: Archivist, database, place: Path) -> None:
    for number in range(1, SEGMENTS + 1):
        segment(place, number).unlink()
    assert await faults(archivist, database) == [("missing", number) for number in range(1, SEGMENTS + 1)]


async def test_two_that_were_exchanged_are_both_named(archivist: Archivist, database, place: Path) -> None:
    one, other = segment(place, 2), segment(place, 4)
    first = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(first)
    assert await faults(archivist, database) == [("reordered", 2), ("reordered", 4)]


async def test_another_partitions_segment_is_found(archivist: Archivist, database, log, place: Path) -> None:
    await tell(log, history(5), partition=1)
    await archivist.write(1, Position(99, 0))
    segment(place, 1).write_bytes(segment(place, 1, partition=1).read_bytes())
    assert await faults(archivist, database) == [("reordered", 1)]


async def test_a_strangers_signature_is_found(
    archivist: Archivist, database, log, place: Path, tmp_path: Path, make: Make
) -> None:
    """Whoever can write to the storage, but has not the relay's key, cannot make a segment."""
    stranger = make(entries=5, where=str(tmp_path / "theirs"))
    stranger.key = RelayKey(archivist.key.kid, Ed25519PrivateKey.generate())
    async with heads_forgotten(database):
        await stranger.write(0, Position(99, 0))
    segment(place, 1).write_bytes(segment(tmp_path / "theirs", 1).read_bytes())
    assert await faults(archivist, database) == [("changed", 1)]


async def test_a_chain_that_the_relay_signed_twice_is_found_by_the_database(
    archivist: Archivist, database, place: Path, tmp_path: Path, make: Make
) -> None:
    """As after an older archive was put back and written on."""
    other = make(entries=5, where=str(tmp_path / "other"))
    async with heads_forgotten(database):
        for _ in range(SEGMENTS):
            await other.write(0, Position(25, 0))
    segment(place, 5).write_bytes(segment(tmp_path / "other", 5).read_bytes())
    assert await faults(archivist, database) == [("changed", 5)]


async def test_the_relays_key_is_made_once_and_opens_under_the_secret_alone(database) -> None:
    async with database.connection() as connection:
        key = await relay_keys.open_or_make(connection, SECRET, NOW)
        again = await relay_keys.open_or_make(connection, SECRET, NOW + 1)
        assert key.kid == again.kid
        assert key.private.private_bytes_raw() == again.private.private_bytes_raw()
        with pytest.raises(WrongSecret):
            await relay_keys.open_or_make(connection, bytes(32), NOW)
        assert list(await relay_keys.public_keys(connection)) == [key.kid]
        assert await relay_keys.public_keys(connection, bytes(32)) == {}
        assert list(await relay_keys.public_keys(connection, SECRET)) == [key.kid]
