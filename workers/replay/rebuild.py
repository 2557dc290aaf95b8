"""A rebuild: an empty database becomes the projection of archive and log, by the projector's own code.

Invariant: the target is a database of this rebuild alone. A mark among its checkpoints says so, from before
the first row; a database that has rows and no mark is somebody's, and is refused. The projector's
checkpoints in the target say how far the rebuild is, so that it can be stopped and goes on.

Invariant: nothing is passed over in silence. Where entries are missing it stops, unless it was told to build
what the others say; and an owed envelope without a ciphertext has no row, which `unbuilt` counts.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg_pool import AsyncConnectionPool

from schema import checkpoints
from schema.events import LogEvent
from schema.positions import Position
from schema.tables import metadata
from workers.batches import Batch, Entry
from workers.projector.projection import Projection
from workers.replay.records import Page, Source

MARK: Final = "rebuild"
"""The consumer group whose checkpoint marks a rebuild."""
IS_MARKED: Final = "SELECT 1 FROM checkpoints WHERE consumer_group = %s"
DELETE_WITHOUT_BODY: Final = """
    DELETE FROM envelopes
     USING unnest(%(users)s::uuid[], %(devices)s::integer[], %(seqs)s::bigint[])
           AS lost (user_id, device_id, seq)
     WHERE (envelopes.user_id, envelopes.device_id, envelopes.seq) = (lost.user_id, lost.device_id, lost.seq)
       AND body = ''
"""
COUNT_UNBUILT: Final = """
    SELECT coalesce(sum(lacking), 0)::bigint, count(*)
      FROM (SELECT head - greatest(cursor, floor) - count(envelopes.seq) AS lacking
              FROM mailboxes LEFT JOIN envelopes USING (user_id, device_id)
             GROUP BY user_id, device_id) AS owed
     WHERE lacking > 0
"""


class NotEmpty(Exception):
    """The target has rows that no rebuild wrote."""


class Incomplete(Exception):
    """Entries of `partition` between `done`, up to where the rebuild is, and `upto` are in neither archive
    nor log."""

    def __init__(self, partition: int, done: Position, upto: Position) -> None:
        super().__init__(partition, done, upto)
        self.partition, self.done, self.upto = partition, done, upto


class Unbuilt(msgspec.Struct, frozen=True):
    """Owed envelopes that have no row, and the devices whose mailboxes they are in."""

    envelopes: int
    devices: int


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


async def unbuilt(target: Any) -> Unbuilt:
    """What the rebuilt mailboxes lack: envelopes whose ciphertext nobody has, or that stand in quarantine."""
    row = await (await target.execute(COUNT_UNBUILT)).fetchone()
    return Unbuilt(*map(int, row))


class Rebuild:
    """Projects `source` into `pool`. `set_aside`: what the projector could not take, by partition. `partial`:
    goes on where entries are missing."""

    def __init__(
        self,
        source: Source,
        pool: "AsyncConnectionPool[Any]",
        set_aside: Mapping[int, set[Position]],
        progress: Callable[[int], None],
        *,
        partial: bool = False,
    ) -> None:
        self._source = source
        self._pool = pool
        self._set_aside = set_aside
        self._progress = progress
        self._partial = partial
        self.unreadable = 0

    async def run(self, partition: int, upto: Position) -> Position:
        """Projects a partition up to there; the checkpoint. Raises Incomplete."""
        projection = _Rebuilt(self._pool, partition)
        done = await projection.resume()
        if upto <= done:
            return done
        await self.check(partition, done)
        async for page in self._source.pages(partition, done, upto):
            if page.gap and not self._partial:
                raise Incomplete(partition, done, page.upto)
            await projection.take(page, self._set_aside.get(partition, set()))
            self.unreadable += len(page.unreadable)
            self._progress(len(page.records))
            done = max(done, page.upto)
        return done

    async def check(self, partition: int, done: Position) -> None:
        """Raises Incomplete when the source begins behind `done`."""
        if not self._partial and (upto := await self._source.lacks(partition, done)) is not None:
            raise Incomplete(partition, done, upto)


class _Rebuilt(Projection):
    """Leaves out owed envelopes of which the source has the digest alone. Entries of the archive have no
    digests; the log has them no longer."""

    def __init__(self, database: "AsyncConnectionPool[Any]", partition: int) -> None:
        super().__init__(database, partition)
        self._without_body: list[tuple[UUID, int, int]] = []
        self._digests: bytes | None = None

    async def take(self, page: Page, aside: set[Position]) -> None:
        """Projects a page, but for the entries at `aside`."""
        records = [record for record in page.records if record.position not in aside]
        entries: list[Entry[LogEvent]] = [
            Entry(record.position, record.event, record.seq or 0, {}) for record in records
        ]
        self._without_body = [
            (record.event.user, record.event.device, record.seq or 0)
            for record in records
            if record.lacks_body
        ]
        found = [record.entry_digest for record in records]
        self._digests = None if None in found else b"".join(filter(None, found))
        await self.handle(Batch(entries, page.upto))

    def digests(self, _batch: Batch[LogEvent]) -> bytes | None:
        """Those that the source gave."""
        return self._digests

    async def conclude(self, connection: Any) -> None:
        """In the transaction that wrote them, so that nobody ever sees such a row."""
        if self._without_body:
            users, devices, seqs = map(list, zip(*self._without_body, strict=True))
            await connection.execute(DELETE_WITHOUT_BODY, {"users": users, "devices": devices, "seqs": seqs})
