"""A rebuild: an empty database becomes the projection of the log, by the projector's own code.

Invariant: the target is a database of this rebuild alone. A mark among its checkpoints says so, from before
the first row; a database that has rows and no mark is somebody's, and is refused. The projector's
checkpoints in the target say how far the rebuild is, so that it can be stopped and goes on.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from psycopg_pool import AsyncConnectionPool

from schema.events import LogEvent
from schema.tables import metadata
from workers.batches import Batch, Entry
from workers.positions import Position
from workers.projector import checkpoints
from workers.projector.projection import Projection
from workers.replay.records import Source

MARK: Final = "rebuild"
"""The consumer group whose checkpoint marks a rebuild."""
IS_MARKED: Final = "SELECT 1 FROM checkpoints WHERE consumer_group = %s"


class NotEmpty(Exception):
    """The target has rows that no rebuild wrote."""


async def claim(target: Any) -> bool:
    """Makes the target this rebuild's; whether one goes on. Raises NotEmpty, naming a table."""
    async with target.transaction():
        if await (await target.execute(IS_MARKED, (MARK,))).fetchone():
            return True
        for table in metadata.sorted_tables:
            row = await target.execute(f"SELECT 1 FROM {table.name} LIMIT 1")  # noqa: S608 - our own tables
            if await row.fetchone():
                raise NotEmpty(table.name)
        await checkpoints.read(target, MARK, 0)
        return False


class Rebuild:
    """Projects `source` into `pool`. `set_aside`: what the projector could not take, by partition."""

    def __init__(
        self,
        source: Source,
        pool: "AsyncConnectionPool[Any]",
        set_aside: Mapping[int, set[Position]],
        progress: Callable[[int], None],
    ) -> None:
        self._source = source
        self._pool = pool
        self._set_aside = set_aside
        self._progress = progress
        self.unreadable = 0

    async def run(self, partition: int, upto: Position) -> Position:
        """Projects a partition up to there; the checkpoint."""
        projection, aside = Projection(self._pool, partition), self._set_aside.get(partition, set())
        done = await projection.resume()
        if upto <= done:
            return done
        async for page in self._source.pages(partition, done, upto):
            entries: list[Entry[LogEvent]] = [
                Entry(record.position, record.event, record.seq or 0, {})
                for record in page.records
                if record.position not in aside
            ]
            await projection.handle(Batch(entries, page.upto))
            self.unreadable += len(page.unreadable)
            self._progress(len(page.records))
            done = page.upto
        return done
