"""The ciphertexts of a segment, kept beside it by choice (SEALSTREAM_ARCHIVE_BODIES).

Invariant: they are no part of the chain. The segment has their digests, so each can be checked, and those of
a deleted account can go without a change to the segment (ops/decisions/2026-11-29-the-archive.md).
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec
import structlog

from schema.positions import Position
from workers.archive import store as places
from workers.archive.header import Changed
from workers.archive.rows import Body, Rows
from workers.archive.store import NotThere, Store

log = structlog.get_logger(__name__)

_encoder: Final = msgspec.msgpack.Encoder(uuid_format="bytes")
_decoder: Final = msgspec.msgpack.Decoder(list[Body])

Deletions = Mapping[UUID, Position]
"""Where the deletion of each account stands; ciphertexts for it from before that go."""


async def write(store: Store, partition: int, number: int, bodies: Iterable[Body]) -> None:
    """Writes those of one segment."""
    await store.put(places.bodies_name(partition, number), _encoder.encode(list(bodies)))


async def read(store: Store, partition: int, number: int) -> dict[Position, bytes]:
    """Those of one segment, by position; none when they were never kept, or all went. Raises Changed."""
    return {Position(row.ms, row.n): row.body for row in await _rows(store, partition, number)}


def checked(found: Mapping[Position, bytes], rows: Rows) -> dict[Position, bytes]:
    """Those that the segment's digests are of. Raises Changed when one is not."""
    digests, ms = {}, 0
    for row in rows.rows:
        ms += row.ms
        digests[Position(ms, row.n)] = row.digest
    kept = {position: body for position, body in found.items() if position in digests}
    for position, body in kept.items():
        if sha256(body).digest() != digests[position]:
            raise Changed(f"the ciphertext at {position} is not the one of its digest")
    return kept


async def is_there(store: Store, partition: int, number: int) -> bool:
    """Whether the segment has a file of them."""
    try:
        await store.read_start(places.bodies_name(partition, number), 1)
    except NotThere:
        return False
    return True


async def erase(store: Store, partition: int, deletions: Deletions) -> int:
    """Erases the ciphertexts of deleted accounts from the partition's archive; how many went."""
    erased = 0
    for number in await store.numbers(partition, places.BODIES):
        try:
            rows = await _rows(store, partition, number)
        except Changed:
            log.warning("archive_bodies_unreadable", partition=partition, segment=number)
            await store.remove([places.bodies_name(partition, number)])  # nobody can say whose they are
            continue
        kept = [row for row in rows if not _is_void(row, deletions)]
        if len(kept) < len(rows):
            await write(store, partition, number, kept)
            erased += len(rows) - len(kept)
    return erased


def _is_void(row: Body, deletions: Deletions) -> bool:
    deletion = deletions.get(row.user)
    return deletion is not None and Position(row.ms, row.n) < deletion


async def _rows(store: Store, partition: int, number: int) -> list[Body]:
    try:
        data = await store.read(places.bodies_name(partition, number))
    except NotThere:
        return []
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Changed("the ciphertexts cannot be read") from error
