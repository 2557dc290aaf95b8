"""Files in the audit: rows against the log, and what the storage has against both."""

from pathlib import Path
from typing import Any
from uuid import uuid4

from ops.replay.tailing import in_line
from schema.events import BlobErased, BlobStored
from tests.workers.replay.conftest import Kept
from tests.workers.replay.histories import records
from tests.workers.replay.test_tampering import STORY
from workers.replay.flat import flat

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


def test_an_export_names_the_file_by_the_digest_of_its_id(tmp_path: Path) -> None:
    row = flat(records([stored()])[0])
    assert (row.blob, row.digest, row.size) == (BLOB.hex(), (b"d" * 32).hex(), 541)
    assert BLOB.hex() in in_line(row)
