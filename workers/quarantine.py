"""Setting an entry aside: it goes to the quarantine stream whole, with the reason, and the partition goes on.

An entry may stand there twice (a crash between setting it aside and acknowledging it); `position` tells.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec
import structlog

from schema import functions, keys
from schema.positions import START, Position
from workers import metrics
from workers.batches import Source

log = structlog.get_logger(__name__)

Kind = Literal["undecodable", "failing", "deadly"]
"""Why an entry was set aside: it cannot be read, its commit keeps failing, or workers died of it."""

READ_AT_ONCE: Final = 100
DROPPED_AT_ONCE: Final = 500
"""Entries in one command: the log serves nobody else meanwhile."""
_ABOUT: Final = (b"group", b"position", b"kind", b"reason")


class SetAside(msgspec.Struct, frozen=True):
    """An entry of a quarantine stream: `id` is its place there, `position` its place in the stream that
    `group` reads, `fields` are its own. `kind` is "" where an older version set it aside."""

    id: bytes
    group: str
    position: Position
    kind: str
    reason: str
    fields: Mapping[bytes, bytes]


async def set_aside(
    client: Any, source: Source[Any], position: bytes, fields: Mapping[bytes, bytes], reason: str, kind: Kind
) -> None:
    """Writes the entry with `group`, `position`, `kind` and `reason` before its own fields.

    `reason` may quote the entry, as the stream holds it anyway; the log line only says `kind`.
    """
    metrics.QUARANTINED.labels(source.group, source.partition).inc()
    log.error(
        "entry_quarantined",
        group=source.group,
        partition=source.partition,
        position=position.decode(),
        kind=kind,
        stream=source.quarantine,
    )
    values = (source.group.encode(), position, kind.encode(), reason.encode())
    entry = {**dict(zip(_ABOUT, values, strict=True)), **fields}
    pairs = [part for pair in entry.items() for part in pair]
    await functions.call(client, "workers", "set_aside", [source.quarantine], pairs)


async def read(client: Any, stream: str) -> AsyncIterator[SetAside]:
    """The entries of a quarantine stream, the oldest first, in bounded pages."""
    start = "-"
    while rows := await client.xrange(stream, start, "+", count=READ_AT_ONCE):
        for entry, fields in rows:
            yield _read(entry, fields)
        start = f"({rows[-1][0].decode()}"


async def drop(client: Any, partition: int | None, entries: Sequence[SetAside]) -> None:
    """Deletes entries of the partition's quarantine (None: of the refusals'). What the projector set aside is
    on record first: it will never be projected."""
    for start in range(0, len(entries), DROPPED_AT_ONCE):
        part = entries[start : start + DROPPED_AT_ONCE]
        if partition is None:
            await client.xdel(keys.LIMITS_QUARANTINE, *(entry.id for entry in part))
            continue
        positions = {str(entry.position) for entry in part if entry.group == keys.PROJECTOR}
        names = [keys.quarantine(partition), keys.dropped(partition)]
        arguments = [len(positions), *positions, *(entry.id for entry in part)]
        await functions.call(client, "workers", "drop", names, arguments)


async def dropped(client: Any, partition: int) -> set[Position]:
    """The log's entries that left the quarantine and will never be projected."""
    return {Position.parse(text) for text in await client.smembers(keys.dropped(partition))}


async def unprojected(client: Any, partition: int) -> set[Position]:
    """The log's entries that the projector set aside: in the quarantine, or dropped from it."""
    found = await dropped(client, partition)
    async for entry in read(client, keys.quarantine(partition)):
        if entry.group == keys.PROJECTOR:
            found.add(entry.position)
    return found


def _read(entry: bytes, fields: Mapping[bytes, bytes]) -> SetAside:
    group, position, kind, reason = (fields.get(name, b"").decode("utf-8", "replace") for name in _ABOUT)
    own = {name: value for name, value in fields.items() if name not in _ABOUT}
    try:
        place = Position.parse(position)
    except ValueError:  # nobody of ours wrote it
        place = START
    return SetAside(entry, group, place, kind, reason, own)
