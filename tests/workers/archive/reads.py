"""What a test reads back from archive and log."""

from pathlib import Path
from typing import Any

from schema.positions import START, Position
from workers.archive import heads
from workers.archive.archivist import Archivist
from workers.archive.source import ArchiveSource, JoinedSource
from workers.archive.store import Store
from workers.replay.log_source import LogSource
from workers.replay.records import Page, Record, Source

END = Position(2**60, 0)


async def all_pages(
    source: Source, partition: int = 0, after: Position = START, upto: Position = END
) -> list[Page]:
    return [page async for page in source.pages(partition, after, upto)]


async def all_records(
    source: Source, partition: int = 0, after: Position = START, upto: Position = END
) -> list[Record]:
    return [record for page in await all_pages(source, partition, after, upto) for record in page.records]


async def positions(
    source: Source, partition: int = 0, after: Position = START, upto: Position = END
) -> list[int]:
    return [record.position.ms for record in await all_records(source, partition, after, upto)]


def archive(archivist: Archivist, recorded: dict[int, heads.Recorded] | None = None) -> ArchiveSource:
    return ArchiveSource(archivist.store, archivist.keys, recorded)


def joined(archivist: Archivist, log: Any, page: int = 500) -> JoinedSource:
    return JoinedSource(archive(archivist), LogSource(log, rate=None, page=page))


async def recorded(database: Any) -> dict[int, heads.Recorded]:
    async with database.connection() as connection:
        return await heads.read_all(connection)


async def faults(
    archivist: Archivist, database: Any, partition: int = 0, *, where: str | None = None
) -> list[tuple[str, int]]:
    """Everything that reading the whole archive finds wrong: kind and segment."""
    source = ArchiveSource(
        Store.open(where or str(archivist.store.root)), archivist.keys, await recorded(database)
    )
    await source.extent(partition)
    await all_pages(source, partition)
    return [(fault.kind, fault.number) for fault in source.faults(partition)]


def segment(place: Path, number: int, partition: int = 0) -> Path:
    return place / f"{partition:04}" / f"{number:012}.segment"
