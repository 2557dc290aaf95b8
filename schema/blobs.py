"""Blobs: sealed files as the relay keeps them, and their names in the storage.

Invariant: storage, log, tables and logs never have a blob's id, which is the right to read it. They have its
SHA-256 (`blob`, 32 bytes). A blob is readable once its manifest is there; the manifest goes first.

| name | holds |
|---|---|
| `BLOB/OFFSET-RANDOM` | the bytes from OFFSET on; RANDOM keeps two writers of one offset apart |
| `BLOB/manifest` | a Manifest: which of them are the blob (BLOB is in hex) |
"""

import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Final

import msgspec

from schema.storage import NotThere, Storage, StoreAway

ID_BYTES: Final = 32
PART_BYTES: Final = 2 * 1024 * 1024
"""The most bytes of one part: what an upload under way holds in memory, and loses at most when it is cut."""
MANIFEST: Final = "manifest"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_NAME: Final = re.compile(r"([0-9a-f]{64})/(\d{12}-[0-9a-f]{16}|manifest)")


class Part(msgspec.Struct, frozen=True, array_like=True):
    """An object of a blob: its bytes from `begin` on."""

    name: str
    begin: int
    size: int


class Manifest(msgspec.Struct, frozen=True):
    """A blob that is whole: `digest` is its SHA-256, `until` (ms) its end. `parts` are in order."""

    size: int
    digest: bytes
    until: int
    parts: list[Part]


class Found(msgspec.Struct):
    """The objects of one blob in the storage: sizes by name (without the folder), newest change (ms)."""

    sizes: dict[str, int] = {}
    modified_at: int = 0


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Manifest)


def new_id() -> str:
    """An id that nobody can guess."""
    return urlsafe_b64encode(secrets.token_bytes(ID_BYTES)).rstrip(b"=").decode()


def blob_of(text: str) -> bytes | None:
    """The SHA-256 of an id; None when `text` is none."""
    if not _ID.fullmatch(text):
        return None
    return sha256(urlsafe_b64decode(text + "=")).digest()


def parts_of(names: list[str], size: int) -> list[Part]:
    """The parts by their names; `size` is where the last one ends."""
    begins = [int(name.partition("-")[0]) for name in names]
    ends = [*begins[1:], size][: len(begins)]
    return [Part(name, begin, end - begin) for name, begin, end in zip(names, begins, ends, strict=True)]


class BlobStore:
    """The blobs in one storage. All its methods raise StoreAway."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    async def put_part(self, blob: bytes, begin: int, data: bytes) -> str:
        """Writes the bytes from `begin` on; the part's name."""
        name = f"{begin:012}-{secrets.token_hex(8)}"
        await self.storage.put(_path(blob, name), data)
        return name

    async def read_part(self, blob: bytes, part: Part, start: int, length: int) -> bytes:
        """Exactly `length` bytes, from `start` within the part. Raises NotThere."""
        data = await self.storage.read_range(_path(blob, part.name), start, length)
        if len(data) != length:
            raise StoreAway(f"{len(data)} of {length} bytes")
        return data

    async def drop_part(self, blob: bytes, name: str) -> None:
        """Removes a part that another writer's took the place of."""
        await self.storage.remove([_path(blob, name)])

    async def publish(self, blob: bytes, manifest: Manifest) -> None:
        """Makes the blob readable."""
        await self.storage.put(_path(blob, MANIFEST), _encoder.encode(manifest))

    async def manifest(self, blob: bytes) -> Manifest | None:
        """The manifest, while the blob is there."""
        try:
            return _decoder.decode(await self.storage.read(_path(blob, MANIFEST)))
        except NotThere as error:
            await self.storage.check_place(error)
            return None
        except msgspec.DecodeError as error:
            raise StoreAway("a manifest cannot be read") from error

    async def contents(self, blob: bytes, parts: list[Part]) -> AsyncIterator[bytes]:
        """All bytes, part by part. Raises NotThere."""
        for part in parts:
            yield await self.read_part(blob, part, 0, part.size)

    async def remove(self, blob: bytes) -> None:
        """Removes everything of the blob, the manifest first, also where the list is late to name it; may be
        repeated."""
        await self.storage.check_place()
        await self.storage.remove([_path(blob, MANIFEST)])
        folder = blob.hex()
        names = [one.name async for one in self.storage.listed(folder)]
        await self.storage.remove(names)
        if self.storage.root is not None:
            await self.storage.remove_folder(folder)

    async def find(self, blob: bytes) -> Found | None:
        """The objects of one blob."""
        return (await self.listed(blob.hex())).get(blob)

    async def listed(self, prefix: str | None = None) -> dict[bytes, Found]:
        """All objects, by blob. Foreign ones are passed over."""
        await self.storage.check_place()
        blobs: dict[bytes, Found] = {}
        async for one in self.storage.listed(prefix):
            if named := _NAME.fullmatch(one.name):
                found = blobs.setdefault(bytes.fromhex(named[1]), Found())
                found.sizes[named[2]] = one.size
                found.modified_at = max(found.modified_at, one.modified_at)
        return blobs


def _path(blob: bytes, name: str) -> str:
    return f"{blob.hex()}/{name}"
