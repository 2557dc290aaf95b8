"""Files in the audit: rows against the log, and what the storage has against both."""

import os
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from ops.replay.tailing import in_line
from schema.blobs import BlobStore, Manifest, parts_of
from schema.events import BlobErased, BlobStored
from schema.settings import BadSetting, Settings
from schema.storage import Storage
from tests.workers.replay.conftest import Kept
from tests.workers.replay.histories import records
from tests.workers.replay.test_tampering import STORY
from workers.replay.flat import flat
from workers.replay.storage import FilesAway, open_blobs

USER = uuid4()
BLOB = b"b" * 32
FIRST = len(STORY) + 1


def stored(blob: bytes = BLOB, digest: bytes = b"d" * 32, size: int = 541) -> tuple[Any, int]:
    return BlobStored(user=USER, device=1, at=5000, blob=blob, digest=digest, size=size, until=9000), 0


def erased(blob: bytes = BLOB) -> tuple[Any, int]:
    return BlobErased(user=USER, device=0, at=6000, blob=blob, digest=b"d" * 32, size=541), 0


async def change(kept: Kept, statement: str) -> None:
    async with kept.database.connection() as connection:
        await connection.execute(statement, (BLOB,))


async def test_files_that_were_stored_twice_and_erased_twice_are_no_violation(kept: Kept) -> None:
    other = b"o" * 32
    await kept.write([stored(), stored(), stored(other), erased(other), erased(other), stored(other)], FIRST)
    await kept.project()
    assert await kept.texts() == []


async def test_a_row_that_is_missing_or_another_or_was_erased_is_named(kept: Kept) -> None:
    await kept.write([stored()], FIRST)
    await kept.project()
    await change(kept, "UPDATE blobs SET size = 1 WHERE blob = %s")
    name = BLOB.hex()
    assert f"row: blobs: the file {name} is another" in await kept.texts()
    await change(kept, "DELETE FROM blobs WHERE blob = %s")
    assert await kept.texts() == [
        f"row missing: blobs: the row of the file {name} is missing; the log has it"
    ]
    await kept.write([erased(), stored(b"y" * 32)], FIRST + 1)
    await kept.project()
    await change(kept, "UPDATE blobs SET blob = %s")
    assert f"row: blobs: the file {name} is offered although it was erased" in await kept.texts()


async def test_a_row_that_the_log_does_not_have_is_named(kept: Kept) -> None:
    await change(
        kept,
        "INSERT INTO blobs (blob, user_id, device_id, size, created_at, expires_at, digest, stored_at)"
        f" VALUES (%s, '{USER}', 1, 5, 0, 9000, 'd', 1)",
    )
    assert await kept.texts() == ["row: blobs: the log does not have it"]


async def test_a_file_that_was_stored_again_as_another_is_named(kept: Kept) -> None:
    await kept.write([stored(), stored(digest=b"x" * 32)], FIRST)
    await kept.project()
    assert f"blob: the file {BLOB.hex()} was stored again, and is another" in await kept.texts()


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(Storage.open(str(tmp_path / "blobs")))


DATA = os.urandom(1000)


async def put(store: BlobStore, blob: bytes) -> tuple[Any, int]:
    """Two parts and their manifest, and what the log says of them."""
    names = [await store.put_part(blob, begin, DATA[begin : begin + 500]) for begin in (0, 500)]
    parts = parts_of(names, len(DATA))
    digest = sha256(DATA).digest()
    await store.publish(blob, Manifest(len(DATA), digest, 9000, parts))
    return stored(blob, digest, len(DATA))


async def wrongs(kept: Kept, store: BlobStore, user: UUID | None = None) -> list[tuple[str, str]]:
    report = await kept.audit(user=user, blobs=store)
    return [(found.kind, found.text) for found in report.violations]


async def test_files_that_lie_in_the_storage_as_the_log_says_are_clean(kept: Kept, store: BlobStore) -> None:
    await kept.write([await put(store, BLOB)], FIRST)
    await kept.project()
    assert await wrongs(kept, store) == []
    assert await wrongs(kept, store, USER) == []


async def test_a_file_that_is_missing_short_or_another_is_named(kept: Kept, store: BlobStore) -> None:
    missing, short, bare, another, fine = (bytes([number]) * 32 for number in range(5))
    said = [await put(store, blob) for blob in (missing, short, bare, another, fine)]
    await kept.write(said, FIRST)
    await kept.project()
    await store.remove(missing)
    (part,) = [name for name in (await store.listed())[short].sizes if name.startswith("000000000500")]
    await store.storage.put(f"{short.hex()}/{part}", DATA[:499])
    await store.storage.remove([f"{bare.hex()}/manifest"])
    await store.publish(another, Manifest(999, b"x" * 32, 9000, []))
    told = [
        ("blob missing", f"the file {missing.hex()} is not in the storage"),
        ("blob missing", f"the file {short.hex()} has 499 of 500 bytes from 500 on"),
        ("blob missing", f"the file {bare.hex()} has no manifest"),
        ("blob missing", f"the file {another.hex()} is another: 999 bytes, in the log 1,000"),
    ]
    assert sorted(await wrongs(kept, store)) == sorted(told)
    assert sorted(await wrongs(kept, store, USER)) == sorted(told)


async def test_an_orphan_is_named_and_an_upload_under_way_is_none(kept: Kept, store: BlobStore) -> None:
    orphan, under_way = b"o" * 32, b"u" * 32
    for blob in (orphan, under_way):
        await store.put_part(blob, 0, DATA)
    async with kept.database.connection() as connection:
        await connection.execute(
            "INSERT INTO blobs (blob, user_id, device_id, size, created_at, expires_at)"
            " VALUES (%s, %s, 1, 5, 0, 9000)",
            (under_way, USER),
        )
    words = f"{orphan.hex()} lies in the storage; neither log nor database knows of it"
    assert await wrongs(kept, store) == [("blob orphan", words)]


async def test_an_erased_file_is_gone_or_on_its_way(kept: Kept, store: BlobStore) -> None:
    await kept.write([await put(store, BLOB), erased()], FIRST)
    await kept.project()
    assert await wrongs(kept, store) == [], "its row says that retention has yet to remove it"
    await change(kept, "DELETE FROM blobs WHERE blob = %s")
    assert [kind for kind, _ in await wrongs(kept, store)] == ["blob orphan"]
    await store.remove(BLOB)
    assert await wrongs(kept, store) == []


async def test_a_file_that_is_erased_while_the_audit_runs_is_not_missed(
    kept: Kept, store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await kept.write([await put(store, BLOB)], FIRST)
    await kept.project()
    look = store.listed

    async def erased_before(prefix: str | None = None) -> Any:
        if prefix is None:
            await kept.write([erased()], FIRST + 1)
            await store.remove(BLOB)
        return await look(prefix)

    monkeypatch.setattr(store, "listed", erased_before)
    assert await wrongs(kept, store) == []


async def test_a_storage_that_is_away_is_no_verdict(kept: Kept, store: BlobStore, tmp_path: Path) -> None:
    await kept.write([await put(store, BLOB)], FIRST)
    await kept.project()
    for name in (await store.listed())[BLOB].sizes:
        tmp_path.joinpath("blobs", BLOB.hex(), name).unlink()
        tmp_path.joinpath("blobs", BLOB.hex(), name).mkdir()
        tmp_path.joinpath("blobs", BLOB.hex(), name, "x").touch()
    tmp_path.joinpath("blobs", BLOB.hex(), "manifest", "x").unlink()
    tmp_path.joinpath("blobs", BLOB.hex(), "manifest").rmdir()
    tmp_path.joinpath("blobs", BLOB.hex(), "manifest").write_bytes(b"\xc1")
    with pytest.raises(FilesAway):
        await wrongs(kept, store)


async def test_a_place_that_is_not_there_is_said_when_files_were_stored(
    kept: Kept, store: BlobStore, tmp_path: Path
) -> None:
    settings = Settings.from_env({"SEALSTREAM_DATA": str(tmp_path / "elsewhere")})
    async with kept.database.connection() as connection:
        assert await open_blobs(settings, connection) is None
        await kept.write([await put(store, BLOB)], FIRST)
        await kept.project()
        with pytest.raises(BadSetting, match=r"SEALSTREAM_BLOBS: there is no .* 1 files are stored"):
            await open_blobs(settings, connection)


def test_an_export_names_the_file_by_the_digest_of_its_id(tmp_path: Path) -> None:
    row = flat(records([stored()])[0])
    assert (row.blob, row.digest, row.size) == (BLOB.hex(), (b"d" * 32).hex(), 541)
    assert BLOB.hex() in in_line(row)
