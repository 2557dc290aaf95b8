"""Files over their time go: the log says so first, then the storage loses them, the row goes last."""

import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from schema import codec, keys
from schema.blobs import BlobStore, Manifest, Part
from schema.events import AccountDeleted, BlobErased, BlobStored
from schema.storage import Storage, StoreAway
from tests.workers import stories
from workers.batches import Batch
from workers.projector.projection import Projection
from workers.retention import blobs
from workers.retention.blobs import DAY_MS, clear_strays, expire_blobs

NOW = 100 * DAY_MS
USER = uuid4()
DATA = b"sealed" * 100


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(Storage.open(str(tmp_path / "blobs")))


async def stored(store: BlobStore, number: int, until: int = NOW - 1) -> BlobStored:
    """A blob that lies in the storage."""
    event = BlobStored(
        user=USER, device=1, at=1000, blob=bytes([number]) * 32, digest=b"d" * 32, size=len(DATA), until=until
    )
    name = await store.put_part(event.blob, 0, DATA)
    manifest = Manifest(len(DATA), event.digest, until, [Part(name, 0, len(DATA))])
    await store.publish(event.blob, manifest)
    return event


class Projecting:
    """A projector of one partition, on demand."""

    def __init__(self, database: Any) -> None:
        self._projection = Projection(database, 0)
        self._said = 0

    async def take(self, *events: Any) -> None:
        await self._projection.resume()
        entries = stories.entries([(event, 0) for event in events], self._said + 1)
        self._said += len(events)
        await self._projection.handle(Batch(entries, entries[-1].position))


async def rows(database: Any, columns: str = "blob") -> list[tuple[Any, ...]]:
    async with database.connection() as connection:
        return list(await (await connection.execute(f"SELECT {columns} FROM blobs ORDER BY blob")).fetchall())


async def said(log: Any) -> list[Any]:
    return [codec.decode_entry(fields)[0] for _, fields in await log.xrange(keys.log(0))]


async def upload(database: Any, number: int, expires: int, *, finished: bool = False) -> bytes:
    """The row of an upload under way."""
    blob = bytes([number]) * 32
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO blobs (blob, user_id, device_id, size, created_at, expires_at, finished_at, digest)"
            " VALUES (%s, %s, 1, 5, 0, %s, %s, 'd')",
            (blob, USER, expires, 1 if finished else None),
        )
    return blob


async def test_what_is_over_its_time_is_erased_and_what_is_not_stays(
    log: Any, database: Any, store: BlobStore
) -> None:
    projecting = Projecting(database)
    over, young = await stored(store, 1), await stored(store, 2, until=NOW + 1)
    await projecting.take(over, young)
    assert await expire_blobs(database, log, 1, store, now=NOW) == 1
    erased = BlobErased(user=USER, device=0, at=NOW, blob=over.blob, digest=over.digest, size=over.size)
    assert await said(log) == [erased]
    assert set(await store.listed()) == {young.blob}
    assert await rows(database, "blob, erasing") == [(over.blob, True), (young.blob, False)]
    assert await expire_blobs(database, log, 1, store, now=NOW) == 0, "it is said once"
    await projecting.take(erased)
    await expire_blobs(database, log, 1, store, now=NOW)
    assert await rows(database) == [(young.blob,)]


async def test_uploads_that_were_never_finished_go_without_a_word(
    log: Any, database: Any, store: BlobStore
) -> None:
    blob = await upload(database, 3, NOW - 1)
    await store.put_part(blob, 0, b"half")
    going_on = await upload(database, 4, NOW + 1)
    assert await expire_blobs(database, log, 1, store, now=NOW) == 1
    assert (await said(log), await store.listed()) == ([], {})
    assert await rows(database) == [(going_on,)]


async def test_an_upload_that_becomes_whole_just_before_it_is_given_up_stays(
    log: Any, database: Any, store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Retention read that it was over its time; then a node finished it, which gave it another."""
    blob = await upload(database, 14, NOW - 1)
    part = await store.put_part(blob, 0, DATA)
    select = blobs._rows

    async def finished_meanwhile(*arguments: Any) -> Any:
        found = await select(*arguments)
        async with database.connection() as connection:
            await connection.execute("UPDATE blobs SET finished_at = 1, expires_at = %s", (NOW * 2,))
        return found

    monkeypatch.setattr(blobs, "_rows", finished_meanwhile)
    await expire_blobs(database, log, 1, store, now=NOW)
    assert set((await store.listed())[blob].sizes) == {part}
    assert await rows(database, "blob, erasing") == [(blob, False)]


async def test_an_upload_that_is_being_given_up_cannot_become_whole(
    log: Any, database: Any, store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its parts would be gone and the log would say that they are there."""
    blob, remove, left = await upload(database, 15, NOW - 1), store.remove, []

    async def seen(which: bytes) -> None:
        left.extend(await rows(database, "blob, erasing"))
        await remove(which)

    with monkeypatch.context() as watched:
        watched.setattr(store, "remove", seen)
        assert await expire_blobs(database, log, 1, store, now=NOW) == 1
    assert left == [(blob, True)]
    assert await rows(database) == []


async def test_an_upload_whose_removal_was_cut_short_is_removed_by_the_next(
    log: Any, database: Any, store: BlobStore
) -> None:
    blob = await upload(database, 16, 0)
    await store.put_part(blob, 0, b"half")
    async with database.connection() as connection:
        await connection.execute("UPDATE blobs SET erasing = true")
    assert await expire_blobs(database, log, 1, store, now=NOW) == 1
    assert (await said(log), await store.listed(), await rows(database)) == ([], {}, [])


async def test_one_that_may_be_in_the_log_is_erased_in_the_log(
    log: Any, database: Any, store: BlobStore
) -> None:
    """A node died between the manifest and the record, or behind it."""
    blob = await upload(database, 5, NOW - 1, finished=True)
    assert await expire_blobs(database, log, 1, store, now=NOW) == 1
    assert [(type(event), event.blob) for event in await said(log)] == [(BlobErased, blob)]


async def test_a_worker_that_died_on_the_way_leaves_its_work_to_the_next(
    log: Any, database: Any, store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    projecting, event = Projecting(database), await stored(store, 6)
    await projecting.take(event)

    async def dies(*_: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as killed:
        killed.setattr(store, "remove", dies)
        with pytest.raises(RuntimeError):
            await expire_blobs(database, log, 1, store, now=NOW)
    await expire_blobs(database, log, 1, store, now=NOW)
    erased = await said(log)
    assert len(erased) == 1
    assert set(await store.listed()) == {event.blob}, "the projection has yet to hear of it"
    await projecting.take(*erased)
    await expire_blobs(database, log, 1, store, now=NOW)
    assert (await store.listed(), await rows(database)) == ({}, [])


async def test_a_storage_that_is_away_keeps_the_rows(
    log: Any, database: Any, store: BlobStore, tmp_path: Path
) -> None:
    projecting, event = Projecting(database), await stored(store, 7)
    await projecting.take(event, BlobErased(user=USER, device=1, at=5, blob=event.blob, digest=b"", size=1))
    (tmp_path / "blobs").rename(tmp_path / "aside")
    (tmp_path / "blobs").write_text("no directory")
    with pytest.raises(StoreAway):
        await expire_blobs(database, log, 1, store, now=NOW)
    assert await rows(database) == [(event.blob,)]
    (tmp_path / "blobs").unlink()
    (tmp_path / "aside").rename(tmp_path / "blobs")
    await expire_blobs(database, log, 1, store, now=NOW)
    assert (await store.listed(), await rows(database)) == ({}, [])


async def test_a_file_that_cannot_be_removed_keeps_no_other_waiting(
    log: Any, database: Any, store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object that the storage holds on to: of an upload, and of a file that was given up."""
    projecting, remove = Projecting(database), store.remove
    stuck, half = await stored(store, 1), await upload(database, 2, NOW - 1)
    over, given_up = await stored(store, 3), await stored(store, 4)
    await projecting.take(stuck, over, given_up)

    async def held(blob: bytes) -> None:
        if blob in (stuck.blob, half):
            raise StoreAway("403 Forbidden")
        await remove(blob)

    monkeypatch.setattr(store, "remove", held)
    with pytest.raises(StoreAway):
        await expire_blobs(database, log, 1, store, now=NOW)
    await projecting.take(*await said(log))
    with pytest.raises(StoreAway):
        await expire_blobs(database, log, 1, store, now=NOW)
    assert await rows(database) == [(stuck.blob,), (half,)]
    assert len(await said(log)) == 3, "it is said once"


async def test_a_storage_that_is_away_is_asked_three_times_in_a_round(
    log: Any, database: Any, store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def away(blob: bytes) -> None:
        asked.append(blob)
        raise StoreAway("no connection")

    monkeypatch.setattr(store, "remove", away)
    for number in range(20, 30):
        await upload(database, number, NOW - 1)
    with pytest.raises(StoreAway):
        await expire_blobs(database, log, 1, store, now=NOW)
    assert len(asked) == 3


async def test_a_deleted_accounts_files_and_uploads_go(log: Any, database: Any, store: BlobStore) -> None:
    projecting, event = Projecting(database), await stored(store, 8, until=NOW * 2)
    await upload(database, 9, NOW * 2)
    await projecting.take(event, AccountDeleted(user=USER, device=1, at=5))
    assert await expire_blobs(database, log, 1, store, now=NOW) == 2
    await projecting.take(*await said(log))
    await expire_blobs(database, log, 1, store, now=NOW)
    assert (await store.listed(), await rows(database)) == ({}, [])


async def test_a_projection_that_is_late_or_repeated_ends_the_same(
    log: Any, database: Any, store: BlobStore
) -> None:
    projecting, event = Projecting(database), await stored(store, 10, until=NOW * 2)
    erased = BlobErased(user=USER, device=1, at=5, blob=event.blob, digest=event.digest, size=event.size)
    await projecting.take(event, event, erased, erased, event)
    assert await rows(database, "stored_at, erased_at") == [(1000, 5)]
    await expire_blobs(database, log, 1, store, now=NOW)
    await projecting.take(event, erased)
    await expire_blobs(database, log, 1, store, now=NOW)
    assert (await store.listed(), await rows(database)) == ({}, [])


async def test_strays_go_once_they_are_older_than_any_file_and_the_unknown_young_stay(
    database: Any, board: Any, store: BlobStore
) -> None:
    old, known, young = [(await stored(store, number)).blob for number in (11, 12, 13)]
    await upload_as(database, known)
    for blob in (old, known):
        for found in (store.storage.root or Path()).joinpath(blob.hex()).iterdir():
            os.utime(found, (1000, 1000))
    now = (await store.listed())[young].modified_at
    assert await clear_strays(database, board, store, now=now, life_ms=DAY_MS) == 1
    assert set(await store.listed()) == {known, young}
    assert await clear_strays(database, board, store, now=now + 90 * DAY_MS, life_ms=DAY_MS) == 0, (
        "once a day"
    )


async def upload_as(database: Any, blob: bytes) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO blobs (blob, user_id, device_id, size, created_at, expires_at)"
            " VALUES (%s, %s, 1, 5, 0, 0)",
            (blob, USER),
        )
