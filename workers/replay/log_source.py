"""The log as a source of records: XRANGE in bounded pages, at a bounded rate.

Invariant: no entry between two pages is missed. Each page begins with the last entry of the one before; if
that one is gone, either its account was erased or the log was trimmed past the reader, and the second
raises Overtaken.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, Final

from schema import codec, keys, servers
from schema.positions import START, Position
from workers import log_gaps
from workers.page_size import PageSize
from workers.projector.digests import digest, of_entry
from workers.replay.records import Extent, Fault, Overtaken, Page, Record, Unreadable

PAGE: Final = 500
"""Most entries in one command: the log serves nobody else for about a millisecond."""
RATE: Final = 20_000
"""Entries a second, unless told to be fast."""

RawEntry = tuple[bytes, list[bytes]]


class LogSource:
    """Reads over `client`; `rate` in entries a second, None: as fast as it goes. `digests`: records have
    those of their entries."""

    def __init__(
        self, client: Any, *, rate: int | None = RATE, page: int = PAGE, digests: bool = False
    ) -> None:
        self._client = client
        self._page = page
        self._digests = digests
        self.pacer = Pacer(rate)
        self._reached: dict[int, Position] = {}
        """The last entry of each partition that was read: it was there."""
        self._gaps: dict[int, list[Fault]] = {}
        self._command: Any = "XRANGE" if isinstance(client, servers.Cluster) else b"XRANGE"
        """redis-py does not unpack the reply to a command whose name is in bytes: a third of the reader's
        time."""

    async def extent(self, partition: int) -> Extent:
        """See Source."""
        return await log_extent(self._client, partition)

    async def lacks(self, partition: int, after: Position) -> Position | None:
        """See Source. By the log's own record of what was trimmed."""
        trimmed = Position.parse(await self._client.get(keys.trimmed(partition)) or b"0-0")
        if trimmed > after:
            return trimmed
        found = await self.extent(partition)
        # Trimmed before there was such a record: single entries that were removed tell another tale.
        was_trimmed = not found.complete and found.removed_upto is None and after == START
        return found.first if was_trimmed else None

    async def pages(self, partition: int, after: Position, upto: Position) -> AsyncIterator[Page]:
        """See Source. Behind a gap that a repair left comes an empty page that says so."""
        for gap in await log_gaps.read(self._client, partition):
            if not after < gap.upto <= upto:
                continue
            async for page in self._stretch(partition, after, gap.upto):
                yield page
            text = (
                f"the log was lost or restored from a copy; entries before {gap.upto.next()} may be missing"
            )
            fault = Fault("restored", partition, 0, text)
            self._gaps[partition] = [*(one for one in self.faults(partition) if one != fault), fault]
            after = gap.upto
            yield Page(partition, [], [], after, gap=True)
        async for page in self._stretch(partition, after, upto):
            yield page

    async def _stretch(self, partition: int, after: Position, upto: Position) -> AsyncIterator[Page]:
        """The next page is asked for before this one is given out."""
        name, page_size = keys.log(partition), PageSize(self._page)
        asked = self._ask(name, after, upto, page_size.entries)
        try:
            while True:
                rows = await asked
                seen = bool(rows) and rows[0][0] == str(after).encode()
                if not seen and self._reached.get(partition) == after:
                    await self._check_not_trimmed(name, after)
                full = len(rows) > page_size.entries
                rows = rows[1:] if seen else rows
                if not rows:
                    return
                after = self._reached[partition] = Position.parse(rows[-1][0])
                if full:
                    page_size.note(len(rows), sum(len(value) for _, fields in rows for value in fields))
                    asked = self._ask(name, after, upto, page_size.entries)
                yield page_of(partition, rows, digests=self._digests)
                if not full:
                    return
                await self.pacer.wait(len(rows))
        finally:
            asked.cancel()

    def forget(self, partition: int) -> None:
        """The next pages begin anew: it is no fault that the last entry of those before is gone."""
        self._reached.pop(partition, None)

    def faults(self, partition: int) -> list[Fault]:
        """See Source. The log knows of repairs only."""
        return list(self._gaps.get(partition, ()))

    def _ask(self, name: str, after: Position, upto: Position, most: int) -> "asyncio.Task[list[RawEntry]]":
        """Reads in advance. Where the reader has enough, nobody is there for what comes of it."""
        asked = asyncio.create_task(self._read(name, after, upto, most))
        asked.add_done_callback(lambda done: done.cancelled() or done.exception())
        return asked

    async def _read(self, name: str, after: Position, upto: Position, most: int) -> list[RawEntry]:
        """`most` entries, and the one at `after`."""
        begin = "-" if after == (0, 0) else str(after)
        reply = await self._client.execute_command(self._command, name, begin, str(upto), "COUNT", most + 1)
        return flat_rows(reply)

    async def _check_not_trimmed(self, name: str, after: Position) -> None:
        info = await self._client.xinfo_stream(name)
        first = info["first-entry"]
        if first is None or Position.parse(first[0]) > after:
            # Nothing that was read is left. Of an untrimmed stream that can only be an account that was
            # erased.
            if Position.parse(info["max-deleted-entry-id"]) >= after:
                return
            raise Overtaken(f"{name} was trimmed beyond {after} while it was read")


async def log_extent(client: Any, partition: int) -> Extent:
    """The partition's present extent in the log."""
    name = keys.log(partition)
    if not await client.exists(name):
        return Extent(None, Position(0, 0), complete=True)
    info = await client.xinfo_stream(name)
    removed = Position.parse(info["max-deleted-entry-id"])
    first = info["first-entry"]
    return Extent(
        first=Position.parse(first[0]) if first else None,
        last=Position.parse(info["last-generated-id"]),
        complete=info["entries-added"] == info["length"],
        entries=info["length"],
        removed_upto=removed if removed > (0, 0) else None,
    )


class Pacer:
    """Keeps a reader at `rate` entries a second on average; None: never waits."""

    def __init__(self, rate: int | None) -> None:
        self._rate = rate
        self._due = 0.0

    async def wait(self, entries: int) -> None:
        """Waits as long as `entries` entitle the others to."""
        if self._rate is None:
            return
        now = time.monotonic()
        self._due = max(self._due, now - 1.0) + entries / self._rate
        if self._due > now:
            await asyncio.sleep(self._due - now)


def flat_rows(reply: Any) -> list[RawEntry]:
    """The reply as one server gives it: a cluster's client has unpacked it."""
    if reply and isinstance(reply[0][1], dict):
        return [(entry, [part for pair in fields.items() for part in pair]) for entry, fields in reply]
    rows: list[RawEntry] = reply
    return rows


def page_of(partition: int, rows: list[RawEntry], *, digests: bool = False) -> Page:
    """The rows (at least one) as a page; with `digests` of the entries."""
    records: list[Record] = []
    unreadable: list[Unreadable] = []
    decode, number, event, new = codec.decode, codec.SEQ_FIELD, codec.EVENT_FIELD, tuple.__new__
    append = records.append
    for raw, fields in rows:
        ms, _, n = raw.partition(b"-")
        position = new(Position, (int(ms), int(n)))  # half the time that Position(…) takes
        try:
            if (
                len(fields) in (4, 6) and fields[0] == number and fields[2] == event
            ):  # as the accept function writes it
                data = fields[3]
                read = digest(raw, fields[1], data) if digests else None
                append(Record(partition, position, int(fields[1]), decode(data), None, len(data), read))
            else:
                append(_record(partition, position, fields, digests=digests))
        except (codec.UndecodableEntry, ValueError) as error:
            pairs = dict(zip(fields[::2], fields[1::2], strict=True))
            unreadable.append(Unreadable(partition, position, str(error), codec.user_of(pairs)))
    return Page(partition, records, unreadable, Position.parse(rows[-1][0]))


def _record(partition: int, position: Position, fields: list[bytes], *, digests: bool) -> Record:
    pairs = dict(zip(fields[::2], fields[1::2], strict=True))
    event, seq = codec.decode_entry(pairs)
    size = len(pairs[codec.EVENT_FIELD])
    number = seq if codec.SEQ_FIELD in pairs else None
    read = of_entry(position, pairs) if digests else None
    return Record(partition, position, number, event, None, size, read)
