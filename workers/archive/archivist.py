"""The archivist: writes stretches of the log as segments, so that retention may trim them.

Invariant: the chain of a partition never forks and has every entry once. A segment begins after the last one
the store has, and its number is taken by an object that nobody else can write. So a crash between writing and
trimming repeats nothing, and of two archivists at once one finds the number taken and looks again.
"""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog

from schema import keys as names
from schema.positions import START, Position
from schema.relay_keys import PublicKeys, RelayKey
from workers import log_gaps, metrics
from workers.archive import bodies, heads, reading, witness
from workers.archive import store as places
from workers.archive.header import NAMED, Changed, Head, Header
from workers.archive.rows import Collected
from workers.archive.segment import START_BYTES, build, open_start, pack
from workers.archive.store import Store

log = structlog.get_logger(__name__)

SEGMENT_ENTRIES: Final = 20_000
SEGMENT_BODY_BYTES: Final = 16 * 1024 * 1024
TRIES: Final = 3
"""So often another writer may take the number first."""


class Archivist:
    """Writes the archive in `store`. `key` signs, `keys` are all that ever did."""

    def __init__(
        self,
        store: Store,
        database: Any,
        log_client: Any,
        key: RelayKey,
        keys: PublicKeys,
        now: Callable[[], int],
        *,
        keep_bodies: bool = False,
        entries: int = SEGMENT_ENTRIES,
    ) -> None:
        self.store = store
        self.key = key
        self.keys = keys
        self._database = database
        self._log = log_client
        self._now = now
        self._keep_bodies = keep_bodies
        self._entries = entries
        self._heads: dict[int, Head] = {}
        self._holes: dict[int, Position] = {}

    async def head(self, partition: int) -> Head:
        """The partition's newest segment. Raises StoreAway, Changed."""
        if partition not in self._heads:
            self._heads[partition] = await self._look(partition)
        return self._heads[partition]

    def go_on_behind(self, partition: int, upto: Position) -> None:
        """Entries up to there left the log without a segment: the next one begins behind them."""
        self._holes[partition] = upto

    async def write(self, partition: int, limit: Position) -> Head:
        """Writes the oldest entries before `limit` that the archive does not have yet, one segment at most.

        Returns the newest segment, which is as it was when there are none. Raises StoreAway, Changed."""
        for _ in range(TRIES):
            head = await self.head(partition)
            try:
                return await self._write(partition, head, limit)
            except _Taken:
                del self._heads[partition]
        raise Changed("another writer keeps taking the next segment's number")

    async def _write(self, partition: int, head: Head, limit: Position) -> Head:
        after, restored = max(head.last, self._holes.get(partition, START)), False
        for gap in await log_gaps.read(self._log, partition):
            if gap.upto <= after:
                continue
            before = await self._collect(partition, after, min(limit, gap.upto.next()))
            if before.found.first is not None:  # no segment has entries from both sides of a gap
                return await self._put(partition, head, msgspec.structs.replace(before, log_id=gap.log_id))
            if limit <= gap.upto:
                return head
            after, restored = gap.upto, True
        stretch = await self._collect(partition, after, limit)
        if stretch.found.first is None:
            return head
        log_id = await log_gaps.log_id(self._log, partition)
        stretch = msgspec.structs.replace(stretch, log_id=log_id, restored=restored)
        return await self._put(partition, head, stretch)

    async def _collect(self, partition: int, after: Position, limit: Position) -> "_Stretch":
        removed = await reading.removed(self._log, partition) if self._keep_bodies else 0
        found = Collected(keep_bodies=self._keep_bodies)
        async for page in reading.pages(self._log, partition, after, limit):
            found.add(page[: self._entries - len(found)])
            if len(found) >= self._entries or found.body_bytes >= SEGMENT_BODY_BYTES:
                break
        return _Stretch(after, found, removed)

    async def _put(self, partition: int, head: Head, stretch: "_Stretch") -> Head:
        found = stretch.found
        assert found.first
        payload = await asyncio.to_thread(pack, found.packed())
        altered = await witness.altered(self._database, self._log, partition, stretch.after, found.digests)
        if altered:
            log.error(
                "altered_entries_archived", partition=partition, entries=len(altered), first=str(altered[0])
            )
        header = Header(
            kid=self.key.kid,
            partition=partition,
            number=head.number + 1,
            previous=head.digest,
            after=stretch.after,
            first=found.first,
            last=found.last,
            count=len(found),
            payload=sha256(payload).digest(),
            at=self._now(),
            bodies=self._keep_bodies,
            log_id=stretch.log_id,
            restored=stretch.restored,
            altered=len(altered),
            altered_at=tuple(altered[:NAMED]),
        )
        data, digest = build(header, payload, self.key)
        if not await self.store.put_new(places.segment_name(partition, header.number), data):
            raise _Taken
        if self._keep_bodies:
            await bodies.write(self.store, partition, header.number, found.bodies)
            if await reading.removed(self._log, partition) != stretch.removed:
                await self._write_bodies_anew(partition, header)
        written = Head(header.number, digest, found.last)
        await self._record(partition, written)
        metrics.ARCHIVED.labels(partition).inc(len(found))
        metrics.ARCHIVED_BYTES.labels(partition).inc(len(data))
        log.info(
            "segment_written", partition=partition, number=written.number, entries=len(found), bytes=len(data)
        )
        return written

    async def _write_bodies_anew(self, partition: int, header: Header) -> None:
        """From what the log has of the segment's stretch now: entries of a deleted account may have gone."""
        found = Collected(keep_bodies=True)
        async for page in reading.pages(self._log, partition, header.after, header.last.next()):
            found.add(page)
        await bodies.write(self.store, partition, header.number, found.bodies)

    async def _record(self, partition: int, head: Head) -> None:
        async with self._database.connection() as connection:
            await heads.record(connection, partition, head)
        self._heads[partition] = head

    async def _look(self, partition: int) -> Head:
        """The store's newest segment. One that is older than the one on record does not move the
        chain back: its successors were lost, and the audit names them."""
        async with self._database.connection() as connection:
            recorded, trimmed = (await heads.read_all(connection)).get(
                partition, heads.Recorded(Head(), START)
            )
        self._holes[partition] = trimmed
        number, head = max(await self.store.numbers(partition), default=0), recorded
        if number > recorded.number:
            opened = open_start(
                await self.store.read_start(places.segment_name(partition, number), START_BYTES), self.keys
            )
            head = Head(number, opened.digest, opened.header.last)
            if opened.header.bodies and not await bodies.is_there(self.store, partition, number):
                await self._write_bodies_anew(partition, opened.header)
            await self._record(partition, head)
        elif number < recorded.number:
            log.error(
                "archive_segments_missing", partition=partition, newest=number, recorded=recorded.number
            )
        if not head.number and trimmed == START and await self._was_trimmed(partition):
            self._holes[partition] = await reading.before_first(self._log, partition)
        return head

    async def _was_trimmed(self, partition: int) -> bool:
        """Whether entries left the log before there was an archive."""
        if not await self._log.exists(names.log(partition)):
            return False
        return await reading.removed(self._log, partition) > 0


class _Stretch(msgspec.Struct, frozen=True):
    """The entries for a segment, everything behind `after`. `removed`: how many had ever left the log when it
    was read. See Header for the rest."""

    after: Position
    found: Collected
    removed: int
    log_id: UUID | None = None
    restored: bool = False


class _Taken(Exception):
    """Another writer wrote the segment of this number."""
