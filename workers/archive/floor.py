"""Where a partition's archive begins: its signed manifest, and the removal of what is older than its time.

Invariant: the manifest is written before anything is removed, so a removed segment is never a missing one;
it only ever moves forward. What lies below it is no part of the archive, and is removed at the next look.
"""

from typing import Final

import msgspec
import structlog
from cryptography.exceptions import InvalidSignature

from schema.positions import START, Position
from schema.relay_keys import PublicKeys, RelayKey
from workers.archive import store as places
from workers.archive.header import NOTHING, Changed, Head, Header
from workers.archive.segment import START_BYTES, open_start
from workers.archive.store import NotThere, Store

log = structlog.get_logger(__name__)

SIGNED: Final = b"sealstream archive floor\x00"
AT_ONCE: Final = 1000
"""Segments that are looked at in one round."""


class Floor(msgspec.Struct, frozen=True, kw_only=True):
    """The archive of `partition` begins with segment `number`; before it was one of that digest, whose last
    entry stood at `last`."""

    version: int = 1
    kid: str = ""
    partition: int
    number: int = 1
    previous: bytes = NOTHING
    last: Position = START


class _Signed(msgspec.Struct, frozen=True, array_like=True):
    floor: bytes
    signature: bytes


_encoder: Final = msgspec.msgpack.Encoder()
_signed: Final = msgspec.msgpack.Decoder(_Signed)
_floor: Final = msgspec.msgpack.Decoder(Floor)


async def read(store: Store, partition: int, keys: PublicKeys) -> Floor:
    """The partition's floor; segment 1 when nothing was ever removed. Raises Changed."""
    try:
        data = await store.read(places.floor_name(partition))
    except NotThere:
        return Floor(partition=partition)
    try:
        signed = _signed.decode(data)
        floor = _floor.decode(signed.floor)
        keys[floor.kid].verify(signed.signature, SIGNED + signed.floor)
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError, InvalidSignature):
        raise Changed("the manifest that says where the archive begins is not the relay's") from None
    if floor.partition != partition:
        raise Changed("the manifest that says where the archive begins is another partition's")
    return floor


async def write(store: Store, floor: Floor, key: RelayKey) -> None:
    """Signs and writes it."""
    data = _encoder.encode(msgspec.structs.replace(floor, kid=key.kid))
    await store.put(
        places.floor_name(floor.partition), _encoder.encode(_Signed(data, key.private.sign(SIGNED + data)))
    )


async def remove_old(
    store: Store, partition: int, *, before: int, key: RelayKey, keys: PublicKeys, head: Head
) -> int:
    """Removes the oldest segments whose last entry stood there before `before` (ms); how many went.

    Raises Changed when the front of the chain is not what the relay wrote: then nothing is removed.
    """
    floor = await read(store, partition, keys)
    numbers = await store.numbers(partition)
    begin = floor
    for number in [number for number in numbers if number >= floor.number][:AT_ONCE]:
        try:
            start = await store.read_start(places.segment_name(partition, number), START_BYTES)
        except NotThere:
            return 0  # another worker removes: its floor is further on than this one would be
        opened = open_start(start, keys)
        if opened.header.last.ms >= before or not _continues(begin, opened.header) or number > head.number:
            break
        begin = Floor(partition=partition, number=number + 1, previous=opened.digest, last=opened.header.last)
    if begin.number > floor.number:
        await write(store, begin, key)
    gone = [number for number in numbers if number < begin.number]
    for number in gone:
        await store.remove([places.segment_name(partition, number), places.bodies_name(partition, number)])
    if gone:
        log.info("archive_segments_removed", partition=partition, segments=len(gone), begins=begin.number)
    return len(gone)


def _continues(floor: Floor, header: Header) -> bool:
    """A hole in the chain, or a strange segment, is for the audit to name; nothing is removed behind it."""
    return header.number == floor.number and header.previous == floor.previous
