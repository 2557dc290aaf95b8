"""The consumer loop: one stream, one group, one owner at a time; commit, then acknowledge.

Invariant: every entry is committed in the stream's order, none passed over, whatever dies or freezes
when. A lease decides who owns the stream (`workers.sharing`), but nothing rests on it: two owners may
read the same group for a moment. So a batch is handed on only if the group's record shows no entry that
another one holds (`Contested`: take over anew), and a handler that commits does so by compare-and-set
(`Superseded`: drop the stream). An entry is acknowledged only after its commit, so whatever lies
between two commits is either in our hands or pending, where that look finds it.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, TypeVar

import structlog

from schema.backoff import Backoff
from schema.codec import UndecodableEntry
from schema.failures import AWAY, is_the_entrys, slug
from schema.positions import START, Position
from schema.tasks import pause
from workers import metrics
from workers.batches import Batch, Entry, Handler, Source, Superseded
from workers.deliveries import ALONE, Delivered, Deliveries, RawEntry, pieces
from workers.group_reader import Command, GroupReader
from workers.quarantine import set_aside
from workers.takeover import NoGroup, group_in, group_info, take_over

log = structlog.get_logger(__name__)
E = TypeVar("E")

TRIES: Final = 3
"""So often a single entry may fail before it is set aside."""


class Contested(Exception):
    """Another consumer holds entries of this group."""


class Consumer(Generic[E]):
    """Reads `source` as `name` until told to stop; `urgent` says which events end the lingering. `connect`
    makes a client of the log; `reader` reads for all partitions of this worker (`workers.group_reader`)."""

    def __init__(
        self,
        source: Source[E],
        handler: Handler[E],
        connect: Callable[[], Any],
        reader: GroupReader,
        name: str,
        urgent: Callable[[E], bool] = lambda _event: False,
    ) -> None:
        self._source = source
        self._handler = handler
        self._connect = connect
        self._reader = reader
        self._client: Any = None
        self._raw: list[RawEntry] = []
        self._entries: list[Entry[E]] = []
        self._committed: list[bytes] = []
        self._name = name
        self._pace = reader.pace
        self._urgent = urgent
        self._backoff = Backoff(first=0.1, factor=2.0, most=5.0)
        self._done = START
        self._looked_at = 0.0
        self.stream = source.stream

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`, or until another owner has moved on. The batch in hand is finished first."""
        metrics.begin(self._source.group, self._source.partition)
        try:
            await self._run(stopping)
        finally:
            metrics.forget(self._source.group, self._source.partition)

    async def _run(self, stopping: asyncio.Event) -> None:
        where = {"group": self._source.group, "partition": self._source.partition}
        while not stopping.is_set():
            self._client = self._connect()
            try:
                await self._own(stopping)
            except Superseded:
                metrics.SUPERSEDED.labels(*where.values()).inc()
                log.warning("superseded", **where)
                return
            except (Contested, NoGroup) as error:
                log.warning("taking_over_again", reason=type(error).__name__, **where)
                await pause(stopping, self._backoff.next())
            except AWAY as error:
                log.warning("consumer_waits", error=slug(error), **where)
                await pause(stopping, self._backoff.next())
            finally:
                await self._client.aclose()

    async def _own(self, stopping: asyncio.Event) -> None:
        done = await self._handler.resume()
        self._done = done or START
        self._looked_at = 0.0
        self._committed.clear()
        deliveries = Deliveries(self._client, self._source, self._name, self._pace.lives_seconds)
        left = await take_over(self._client, self._source, self._name, done, deliveries)
        if left:
            log.info(
                "took_over", group=self._source.group, partition=self._source.partition, entries=len(left)
            )
            await self._finish(deliveries, left, stopping)
        self._reader.join(self)
        try:
            while not stopping.is_set():
                await self._turn()
        finally:
            self._reader.leave(self)
        await self._acknowledge()

    async def _finish(self, deliveries: Deliveries, left: list[Delivered], stopping: asyncio.Event) -> None:
        """What an owner before left; what nobody survives to handle is set aside (`workers.deliveries`)."""
        held = len(left)
        for piece in pieces(left):
            if stopping.is_set():
                return
            self._judge(await group_info(self._client, self._source), held)
            async with deliveries.handling(piece) as raw:
                if piece[0].is_deadly and raw:
                    reason = f"{ALONE} workers ended while they handled it alone"
                    await set_aside(self._client, self._source, *raw[0], reason, "deadly")
                    await self._settle([], raw)
                else:
                    await self._settle(await self._decoded(raw), raw)
                await self._acknowledge()
            held -= len(piece)

    async def _turn(self) -> None:
        """Reads, and commits what came."""
        self._raw, self._entries = [], []
        await self._reader.read(self)
        pace, now = self._pace, time.monotonic()
        if now - self._looked_at >= (pace.verify_seconds if self._raw else pace.verify_idle_seconds):
            replies = await self._reader.ask(("XINFO", "GROUPS", self.stream))
            self._judge(group_in(replies, self._source), len(self._raw))
            self._looked_at = now
        await self._settle(self._entries, self._raw)
        self._backoff.reset()

    async def take(self, raw: list[RawEntry]) -> bool:
        """See `workers.group_reader.Reads`."""
        fresh = await self._decoded(raw)
        self._raw += raw
        self._entries += fresh
        return any(self._urgent(entry.event) for entry in fresh)

    def acknowledgement(self) -> list[Command]:
        """See `workers.group_reader.Reads`."""
        committed, self._committed = self._committed, []
        return [("XACK", self.stream, self._source.group, *committed)] if committed else []

    async def _acknowledge(self) -> None:
        """At once, while others read."""
        if self._committed:
            await self._client.xack(self.stream, self._source.group, *self._committed)
            self._committed.clear()

    async def _decoded(self, raw: list[RawEntry]) -> list[Entry[E]]:
        """The entries that are new and readable; an unreadable one is set aside."""
        entries = []
        for text, fields in raw:
            position = Position.parse(text)
            if position <= self._done:
                continue
            try:
                event, seq = self._source.decode(fields)
            except UndecodableEntry as error:
                await set_aside(self._client, self._source, text, fields, error.reason, "undecodable")
                continue
            entries.append(Entry(position, event, seq, fields))
        return entries

    async def _settle(self, entries: list[Entry[E]], raw: list[RawEntry]) -> None:
        """Commits and acknowledges `raw`, of which `entries` are to be handled."""
        if not raw:
            return
        upto = max(self._done, Position.parse(raw[-1][0]))
        began = time.monotonic()
        if upto > self._done:
            await self._commit(Batch(entries, upto))
            self._done = upto
        self._committed += [text for text, _ in raw]
        metrics.BATCH.labels(self._source.group).observe(len(raw))
        metrics.BATCH_SECONDS.labels(self._source.group).observe(time.monotonic() - began)

    def _judge(self, info: Mapping[str, Any], held: int) -> None:
        """Raises Contested if the group has entries pending that are not the `held` ones in our hands."""
        where = (self._source.group, self._source.partition)
        metrics.PENDING.labels(*where).set(info["pending"])
        if info["lag"] is not None:
            metrics.LAG.labels(*where).set(info["lag"])
        if info["pending"] != held:
            raise Contested(self._source.group)

    async def _commit(self, batch: Batch[E]) -> None:
        """Commits the batch; one that keeps failing is halved until the entry to blame stands alone."""
        for attempt in range(1, TRIES + 1):
            try:
                await self._handler.handle(batch)
            except Superseded:
                raise
            except Exception as error:
                if not batch.entries or not is_the_entrys(error):
                    raise
                if len(batch.entries) > 1:
                    await self._commit_halves(batch)
                elif attempt < TRIES:
                    await asyncio.sleep(self._backoff.next())
                    continue
                else:
                    await self._give_up(batch, error)
            return

    async def _commit_halves(self, batch: Batch[E]) -> None:
        middle = len(batch.entries) // 2
        first, second = batch.entries[:middle], batch.entries[middle:]
        await self._commit(Batch(first, first[-1].position))
        await self._commit(Batch(second, batch.upto))

    async def _give_up(self, batch: Batch[E], error: Exception) -> None:
        (entry,) = batch.entries
        log.error("entry_keeps_failing", group=self._source.group, exc_info=error)
        text = str(entry.position).encode()
        await set_aside(self._client, self._source, text, entry.fields, slug(error), "failing")
        await self._handler.handle(Batch([], batch.upto))
