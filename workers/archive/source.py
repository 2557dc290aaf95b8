"""The archive, and archive and log as one, as sources of records.

Invariant: every entry comes once and in order, also while retention archives and trims. The archive is
always written before the log is trimmed; so if the archive is looked at again after a page of the log was
read, whatever is missing from that page is in it.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Final

from schema import codec
from schema.positions import START, Position
from schema.relay_keys import PublicKeys
from workers.archive import bodies, chain, floor
from workers.archive import store as places
from workers.archive.chain import Chain
from workers.archive.header import Changed
from workers.archive.heads import Recorded
from workers.archive.rows import Rows, records, unreadables
from workers.archive.segment import Opened, open_start, rows_of
from workers.archive.store import NotThere, Store
from workers.replay.log_source import LogSource, Pacer
from workers.replay.records import Extent, Fault, Overtaken, Page, Record, Unreadable

PAGE: Final = 1000


class ArchiveSource:
    """The segments of `store`. `recorded`: the newest of each partition by the database. A segment that
    cannot be believed is left out; the next page says that there is a gap. `pacer` bounds the rate."""

    def __init__(
        self,
        store: Store,
        keys: PublicKeys,
        recorded: Mapping[int, Recorded] | None = None,
        pacer: Pacer | None = None,
    ) -> None:
        self._store = store
        self._keys = keys
        self._recorded = recorded or {}
        self._pacer = pacer or Pacer(None)
        self._chains: dict[int, Chain] = {}
        self._faults: dict[int, dict[tuple[int, str], Fault]] = {}

    def faults(self, partition: int) -> list[Fault]:
        """See Source."""
        return list(self._faults.get(partition, {}).values())

    async def extent(self, partition: int) -> Extent:
        """See Source."""
        found = await self.refresh(partition)
        first = found.segments[0].header.first if found.segments else None
        return Extent(first, found.last, complete=found.complete, entries=found.entries)

    async def lacks(self, partition: int, after: Position) -> Position | None:
        """See Source. What reached its age is gone."""
        begins = (await self.refresh(partition)).floor.last
        return begins if begins > after else None

    async def refresh(self, partition: int) -> Chain:
        """The partition's chain, with what was written since it was read last."""
        known = self._chains.get(partition)
        if known is not None and await self._is_newest(known):
            return known
        found = await chain.read(self._store, partition, self._keys, self._recorded.get(partition))
        self._chains[partition] = found
        for fault in found.faults:
            self._fault(fault)
        return found

    async def pages(self, partition: int, after: Position, upto: Position) -> AsyncIterator[Page]:
        """See Source."""
        found = self._chains.get(partition) or await self.refresh(partition)
        for opened in found.segments:
            header = opened.header
            if header.last <= after or header.first > upto:
                continue
            if header.number in found.after_gap and after < header.first:
                yield Page(partition, [], [], max(after, header.after), gap=True)
            pages = await self._segment(partition, opened)
            if pages is None:
                yield Page(partition, [], [], min(upto, header.last), gap=True)
                continue
            for page in pages:
                if (cut := _cut(page, after, upto)) is not None:
                    yield cut
                    await self._pacer.wait(len(cut.records))

    async def _segment(self, partition: int, opened: Opened) -> list[Page] | None:
        """None when it cannot be believed."""
        rows = await self._rows(partition, opened)
        if rows is None:
            return None
        kept = await self._bodies(partition, opened, rows)
        try:
            return _pages(partition, rows, kept)
        except Changed as error:
            number = opened.header.number
            self._fault(Fault("changed", partition, number, f"segment {number}: {error}"))
            return None

    async def _is_newest(self, known: Chain) -> bool:
        newest = known.segments[-1].header.number if known.segments else known.floor.number - 1
        return not await self._store.numbers(known.partition, after=newest)

    async def _rows(self, partition: int, opened: Opened) -> Rows | None:
        number = opened.header.number
        try:
            data = await self._store.read(places.segment_name(partition, number))
            if open_start(data, self._keys).digest != opened.digest:
                raise Changed("it is another one than before")
            rows = rows_of(data, opened)
            if len(rows.rows) + len(rows.unreadable) != opened.header.count:
                raise Changed("it does not have as many entries as its header says")
        except NotThere as error:
            if await self._has_aged(partition, number):
                raise Overtaken(f"segment {number} of partition {partition} reached its age") from error
            self._fault(Fault("missing", partition, number, f"segment {number} went while it was read"))
        except Changed as error:
            self._fault(Fault("changed", partition, number, f"segment {number}: {error}"))
        else:
            return rows
        return None

    async def _has_aged(self, partition: int, number: int) -> bool:
        try:
            return (await floor.read(self._store, partition, self._keys)).number > number
        except Changed:
            return False

    async def _bodies(self, partition: int, opened: Opened, rows: Rows) -> dict[Position, bytes]:
        """The segment's ciphertexts that are what its digests say."""
        if not opened.header.bodies:
            return {}
        number = opened.header.number
        try:
            return bodies.checked(await bodies.read(self._store, partition, number), rows)
        except Changed as error:
            self._fault(Fault("changed", partition, number, f"segment {number}: {error}"))
            return {}

    def _fault(self, fault: Fault) -> None:
        self._faults.setdefault(fault.partition, {})[fault.number, fault.text] = fault


class JoinedSource:
    """First the archive, then the log."""

    def __init__(self, archive: ArchiveSource, log: LogSource) -> None:
        self.archive = archive
        self._log = log

    def faults(self, partition: int) -> list[Fault]:
        """See Source."""
        return [*self.archive.faults(partition), *self._log.faults(partition)]

    async def extent(self, partition: int) -> Extent:
        """See Source. `entries` counts a stretch that both have twice."""
        live = await self._log.extent(partition)
        old = await self.archive.extent(partition)
        if old.first is None:
            return live
        return Extent(
            first=old.first,
            last=max(live.last, old.last),
            complete=old.complete,
            entries=old.entries + live.entries,
            removed_upto=live.removed_upto,
        )

    async def lacks(self, partition: int, after: Position) -> Position | None:
        """See Source."""
        has_segments = bool((await self.archive.refresh(partition)).segments)
        return await (self.archive if has_segments else self._log).lacks(partition, after)

    async def pages(self, partition: int, after: Position, upto: Position) -> AsyncIterator[Page]:
        """See Source. Raises Overtaken when entries were trimmed that the archive does not have."""
        at = after
        while True:
            found = await self.archive.refresh(partition)
            if found.last > at:
                async for page in self.archive.pages(partition, at, min(upto, found.last)):
                    yield page
                at = min(upto, found.last)
            if at >= upto:
                return
            try:
                async for page in self._live(partition, at, upto):
                    yield page
                    at = page.upto
            except Overtaken:
                if (await self.archive.refresh(partition)).last <= at:
                    raise
            else:
                if at >= upto or (await self.archive.refresh(partition)).last <= at:
                    return

    async def _live(self, partition: int, at: Position, upto: Position) -> AsyncIterator[Page]:
        """From the log; raises Overtaken when the archive has what should come first."""
        is_there = await self._begins_by(partition, at)
        if not is_there and at < (await self.archive.refresh(partition)).lost_upto:
            yield Page(partition, [], [], at, gap=True)
        if not is_there:
            self._log.forget(partition)
        async for page in self._log.pages(partition, at, upto):
            # Looked at after the page was read: what it lacks was trimmed, so archived, before.
            if not await self._begins_by(partition, at):
                found = await self.archive.refresh(partition)
                if found.last > at:
                    raise Overtaken(f"partition {partition} was trimmed beyond {at}")
            if (cut := _cut(page, at, upto)) is not None:
                yield cut
                at = cut.upto

    async def _begins_by(self, partition: int, at: Position) -> bool:
        first = (await self._log.extent(partition)).first
        return first is not None and first <= at


def _pages(partition: int, rows: Rows, kept: Mapping[Position, bytes]) -> list[Page]:
    pages: list[Page] = []
    strange = unreadables(partition, rows.unreadable)
    some: list[Record] = []
    for record in _checked(partition, rows, kept):
        some.append(record)
        if len(some) == PAGE:
            pages.append(_page(partition, some, strange))
            some = []
    if some or strange:
        pages.append(_page(partition, some, strange, is_last=True))
    return pages


def _checked(partition: int, rows: Rows, kept: Mapping[Position, bytes]) -> list[Record]:
    try:
        return list(records(partition, rows.rows, kept))
    except codec.UndecodableEntry as error:
        raise Changed("an entry cannot be read") from error


def _page(partition: int, some: list[Record], strange: list[Unreadable], *, is_last: bool = False) -> Page:
    """Takes out of `strange` what stands before the page's end."""
    end = some[-1].position if some else START
    if is_last:
        end = max([end, *(entry.position for entry in strange)])
    here = [entry for entry in strange if entry.position <= end]
    del strange[: len(here)]
    return Page(partition, some, here, end)


def _cut(page: Page, after: Position, upto: Position) -> Page | None:
    """The part of a page in (`after`, `upto`]; None when there is nothing in it."""
    if page.upto <= after:
        return None
    if page.gap:
        return page
    some = [record for record in page.records if after < record.position <= upto]
    strange = [entry for entry in page.unreadable if after < entry.position <= upto]
    if not some and not strange:
        return None
    last = [*(record.position for record in some[-1:]), *(entry.position for entry in strange[-1:])]
    return Page(page.partition, some, strange, max(last))
