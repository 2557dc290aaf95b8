"""The archive's time: segments that are old enough are removed from the front of their chain."""

import structlog

from workers.archive import floor
from workers.archive.archivist import Archivist
from workers.archive.header import Changed

log = structlog.get_logger(__name__)


async def age(archivist: Archivist | None, partitions: int, *, before: int) -> int:
    """Removes segments whose last entry is older than `before` (ms); how many went. Raises StoreAway."""
    if archivist is None:
        return 0
    removed = 0
    for partition in range(partitions):
        try:
            head = await archivist.head(partition)
            removed += await floor.remove_old(
                archivist.store, partition, before=before, key=archivist.key, keys=archivist.keys, head=head
            )
        except Changed as error:
            log.error("archive_not_aged", partition=partition, why=str(error))  # noqa: TRY400 - no bug
    return removed
