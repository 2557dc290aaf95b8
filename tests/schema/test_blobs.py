"""Blobs in a directory: what is not there, and a place that is not there."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schema import whole_file
from schema.blobs import BlobStore, Manifest, parts_of
from schema.storage import Listed, Storage, StoreAway

BLOB = b"b" * 32


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(Storage.open(str(tmp_path / "blobs")))


async def stored(store: BlobStore) -> Path:
    """Its folder."""
    name = await store.put_part(BLOB, 0, b"sealed")
    await store.publish(BLOB, Manifest(6, b"d" * 32, 9000, parts_of([name], 6)))
    assert store.storage.root is not None
    return store.storage.root / BLOB.hex()


async def test_a_place_that_is_gone_is_away_and_not_empty(store: BlobStore) -> None:
    """A volume that is not mounted: no file is unknown, and none is removed."""
    assert store.storage.root is not None
    await stored(store)
    store.storage.root.rename(store.storage.root.with_name("aside"))
    for call in (lambda: store.manifest(BLOB), lambda: store.remove(BLOB), store.listed):
        with pytest.raises(StoreAway):
            await call()


async def test_a_part_whose_folder_is_removed_while_it_is_written_is_to_be_sent_again(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upload that is given up on one connection and continued on another."""
    folder = await stored(store)
    draft = whole_file._draft

    def lost(path: Path, data: bytes) -> Path:
        made = draft(path, data)
        made.unlink()
        return made

    monkeypatch.setattr(whole_file, "_draft", lost)
    with pytest.raises(StoreAway):
        await store.put_part(BLOB, 6, b"more")
    assert len([*folder.iterdir()]) == 2


async def test_a_blob_is_unreadable_once_removed_even_if_the_list_is_late(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some S3-compatible storages list an object only a while after it was written."""
    await stored(store)

    async def late(_prefix: str | None = None) -> AsyncIterator[Listed]:
        for _ in ():
            yield Listed("", 0, 0)

    monkeypatch.setattr(store.storage, "listed", late)
    await store.remove(BLOB)
    assert await store.manifest(BLOB) is None
