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
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import structlog
from redis.exceptions import ResponseError

from schema.backoff import Backoff
from schema.codec import UndecodableEntry
from schema.failures import AWAY, is_the_entrys, slug
from schema.positions import START, Position
from schema.tasks import pause
from workers import metrics
from workers.batches import Batch, Entry, Handler, Pace, Source, Superseded
from workers.deliveries import ALONE, Delivered, Deliveries, RawEntry, pieces
from workers.page_size import PageSize, bytes_of
from workers.quarantine import set_aside
from workers.takeover import NoGroup, group_in, take_over

log = structlog.get_logger(__name__)
E = TypeVar("E")
Command = tuple[str | bytes | int, ...]

TRIES: Final = 3
"""So often a single entry may fail before it is set aside."""


class Contested(Exception):
    """Another consumer holds entries of this group."""


class Consumer(Generic[E]):
    """Reads `source` as `name` until told to stop; `urgent` says which events end the lingering. `connect`
    makes a client of the log, `link` a connection of the hot path (`schema.link`), which reads block."""

    def __init__(
        self,
        source: Source[E],
        handler: Handler[E],
        connect: Callable[[], Any],
        link: Callable[[], Any],
        name: str,
        pace: Pace,
        urgent: Callable[[E], bool] = lambda _event: False,
    ) -> None:
        self._source = source
        self._handler = handler
        self._connect = connect
        self._link = link
        self._reading: Any = None
        self._committed: list[bytes] = []
        self._name = name
        self._pace = pace
        self._urgent = urgent
        self._backoff = Backoff(first=0.1, factor=2.0, most=5.0)
        self._done = START
        self._looked_at = 0.0
        self._page_size = PageSize(pace.read)

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
            client, self._reading = self._connect(), self._link()
            try:
                await self._reading.start()
                await self._own(client, stopping)
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
                await self._reading.close()
                await client.aclose()

    async def _own(self, client: Any, stopping: asyncio.Event) -> None:
        done = await self._handler.resume()
        self._done = done or START
        self._looked_at = 0.0
        self._committed.clear()
        deliveries = Deliveries(client, self._source, self._name, self._pace.lives_seconds)
        left = await take_over(client, self._source, self._name, done, deliveries)
        if left:
            log.info(
                "took_over", group=self._source.group, partition=self._source.partition, entries=len(left)
            )
            await self._finish(client, deliveries, left, stopping)
        while not stopping.is_set():
            raw, entries = await self._read(client)
            await self._look(len(raw))
            await self._settle(client, entries, raw)
            self._backoff.reset()
        await self._ask_all(*self._acknowledgement())

    async def _finish(
        self, client: Any, deliveries: Deliveries, left: list[Delivered], stopping: asyncio.Event
    ) -> None:
        """What an owner before left; what nobody survives to handle is set aside (`workers.deliveries`)."""
        held = len(left)
        for piece in pieces(left):
            if stopping.is_set():
                return
            await self._look(held)
            async with deliveries.handling(piece) as raw:
                if piece[0].is_deadly and raw:
                    reason = f"{ALONE} workers ended while they handled it alone"
                    await set_aside(client, self._source, *raw[0], reason, "deadly")
                    await self._settle(client, [], raw)
                else:
                    await self._settle(client, await self._decoded(client, raw), raw)
                await self._ask_all(*self._acknowledgement())
            held -= len(piece)

    async def _read(self, client: Any) -> tuple[list[RawEntry], list[Entry[E]]]:
        """What is there, or comes within the block, and then what comes while it lingers."""
        pace = self._pace
        asked, raw = await self._ask("BLOCK", int(pace.block_seconds * 1000))
        entries = await self._decoded(client, raw)
        if not raw or not pace.linger_seconds:
            return raw, entries
        until = time.monotonic() + pace.linger_seconds
        fresh, newest = entries, len(raw)
        size = bytes_of(raw)
        while len(raw) < pace.most and size < pace.most_bytes:
            if any(self._urgent(entry.event) for entry in fresh):
                break
            if newest < asked:
                left = until - time.monotonic()
                if left <= 0:
                    break
                await asyncio.sleep(left)
            asked, more = await self._ask()
            fresh, newest = await self._decoded(client, more), len(more)
            raw += more
            entries += fresh
            size += bytes_of(more)
        return raw, entries

    async def _ask(self, *block: str | int) -> tuple[int, list[RawEntry]]:
        """How many entries were asked for, and those that came. Acknowledges before, in the same write."""
        source, asked = self._source, self._page_size.entries
        who = ("GROUP", source.group, self._name)
        read = ("XREADGROUP", *who, "COUNT", asked, *block, "STREAMS", source.stream, ">")
        try:
            *_, reply = await self._ask_all(*self._acknowledgement(), read)
        except ResponseError as error:
            if str(error).startswith("NOGROUP"):
                raise NoGroup(source.group) from error
            raise
        rows = reply[0][1] if reply else []
        raw = [(position, dict(zip(flat[::2], flat[1::2], strict=True))) for position, flat in rows]
        self._page_size.note(len(raw), bytes_of(raw))
        return asked, raw

    def _acknowledgement(self) -> list[Command]:
        """The command that acknowledges what was committed since the last one; none when nothing was."""
        committed, self._committed = self._committed, []
        return [("XACK", self._source.stream, self._source.group, *committed)] if committed else []

    async def _ask_all(self, *commands: Command) -> list[Any]:
        """The replies to the commands, which leave in one write. Raises the first error among them."""
        asked = [self._reading.execute(*command) for command in commands]
        replies = await asyncio.gather(*asked, return_exceptions=True)
        for reply in replies:
            if isinstance(reply, BaseException):
                raise reply
        return replies

    async def _decoded(self, client: Any, raw: list[RawEntry]) -> list[Entry[E]]:
        """The entries that are new and readable; an unreadable one is set aside."""
        entries = []
        for text, fields in raw:
            position = Position.parse(text)
            if position <= self._done:
                continue
            try:
                event, seq = self._source.decode(fields)
            except UndecodableEntry as error:
                await set_aside(client, self._source, text, fields, error.reason, "undecodable")
                continue
            entries.append(Entry(position, event, seq, fields))
        return entries

    async def _settle(self, client: Any, entries: list[Entry[E]], raw: list[RawEntry]) -> None:
        """Commits and acknowledges `raw`, of which `entries` are to be handled."""
        if not raw:
            return
        upto = max(self._done, Position.parse(raw[-1][0]))
        began = time.monotonic()
        if upto > self._done:
            await self._commit(client, Batch(entries, upto))
            self._done = upto
        self._committed += [text for text, _ in raw]
        metrics.BATCH.labels(self._source.group).observe(len(raw))
        metrics.BATCH_SECONDS.labels(self._source.group).observe(time.monotonic() - began)

    async def _look(self, held: int) -> None:
        """Raises Contested if the group has entries pending that are not the `held` ones in our hands."""
        now = time.monotonic()
        if now - self._looked_at < self._pace.verify_seconds:
            return
        info = group_in(await self._ask_all(("XINFO", "GROUPS", self._source.stream)), self._source)
        where = (self._source.group, self._source.partition)
        metrics.PENDING.labels(*where).set(info["pending"])
        if info["lag"] is not None:
            metrics.LAG.labels(*where).set(info["lag"])
        if info["pending"] != held:
            raise Contested(self._source.group)
        self._looked_at = now

    async def _commit(self, client: Any, batch: Batch[E]) -> None:
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
                    await self._commit_halves(client, batch)
                elif attempt < TRIES:
                    await asyncio.sleep(self._backoff.next())
                    continue
                else:
                    await self._give_up(client, batch, error)
            return

    async def _commit_halves(self, client: Any, batch: Batch[E]) -> None:
        middle = len(batch.entries) // 2
        first, second = batch.entries[:middle], batch.entries[middle:]
        await self._commit(client, Batch(first, first[-1].position))
        await self._commit(client, Batch(second, batch.upto))

    async def _give_up(self, client: Any, batch: Batch[E], error: Exception) -> None:
        (entry,) = batch.entries
        log.error("entry_keeps_failing", group=self._source.group, exc_info=error)
        text = str(entry.position).encode()
        await set_aside(client, self._source, text, entry.fields, slug(error), "failing")
        await self._handler.handle(Batch([], batch.upto))
