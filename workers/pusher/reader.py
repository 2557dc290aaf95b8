"""The pusher's reader: one read for all its partitions, one routing call for everything that was read.

Invariant: a partition's entries are routed in order, and its position moves on after that. One turn is under
way at a time. Entries that come meanwhile are read with the next, so that batches grow with load and nothing
waits when idle. While no entry is for another node's socket, turns keep GATHER_SECONDS apart.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import structlog
from redis.exceptions import ResponseError

from schema import functions, keys
from schema.backoff import Backoff
from schema.codec import UndecodableEntry
from schema.failures import AWAY, is_the_entrys, slug
from schema.link import Commands
from schema.tasks import pause
from workers import metrics
from workers.deliveries import ALONE, Delivered, Deliveries, pieces
from workers.page_size import PageSize
from workers.pusher.following import Followed
from workers.pusher.routing import Call, Push, push_of, route
from workers.quarantine import set_aside
from workers.sources import log_source
from workers.takeover import NoGroup

log = structlog.get_logger(__name__)

READ: Final = 256
"""Entries of a partition in one read."""
BLOCK_MS: Final = 500
"""How long a read waits; a partition that was taken over meanwhile waits as long."""
MOVE_SECONDS: Final = 1.0
"""Between two moves of a group."""
GATHER_SECONDS: Final = 0.025
"""Between two turns while nothing is pushed: what nodes hand over themselves, or nobody is online for, comes
one by one at low rates, and each entry cost three wakeups."""
QUIET_SECONDS: Final = 1.0
"""Nothing is pushed, if nothing was for so long. The first push after that may wait GATHER_SECONDS."""

Row = tuple[bytes, Mapping[bytes, bytes]]


class Found(NamedTuple):
    """An entry that says something to a socket."""

    followed: Followed
    position: bytes
    fields: Mapping[bytes, bytes]
    push: Push


class Reader:
    """Follows the partitions that it is given. `link`: its own connection to the log, which the read blocks;
    `client`: of the log, for all else; `call`: the workers' functions on the board."""

    def __init__(self, link: Commands, client: Any, call: Call, worker: str) -> None:
        self._link = link
        self._client = client
        self._call = call
        self._worker = worker
        self._followed: dict[bytes, Followed] = {}
        self._turns: asyncio.Task[None] | None = None
        self._page_size = PageSize(READ)
        self._backoff = Backoff(first=0.1, factor=2.0, most=2.0)
        self._moved_at = 0.0
        self._pushed_at = 0.0
        self._move = functions.called("workers", "move_group")
        self._batch = metrics.BATCH.labels(keys.PUSHER)
        self._batch_seconds = metrics.BATCH_SECONDS.labels(keys.PUSHER)

    async def work(self, partition: int, stopping: asyncio.Event) -> None:
        """Follows the partition until `stopping`."""
        source = log_source(keys.PUSHER, partition)
        backoff = Backoff(first=0.1, factor=2.0, most=5.0)
        try:
            while not stopping.is_set():
                try:
                    followed = await Followed.take_over(self._client, source)
                    await self._begin(followed, stopping)
                    await self._follow(followed, stopping)
                except (NoGroup, *AWAY) as error:
                    log.warning("consumer_waits", error=slug(error), group=source.group, partition=partition)
                    await pause(stopping, backoff.next())
        finally:
            metrics.forget(source.group, partition)

    async def _begin(self, followed: Followed, stopping: asyncio.Event) -> None:
        """The first entries, which may be what an owner before died of, and all that one had claimed.

        They are pending while they are handled, so that they are counted (`workers.deliveries`).
        """
        source = followed.source
        deliveries = Deliveries(self._client, source, self._worker)
        counts = dict(await deliveries.left())
        while True:
            rows = await self._client.xrange(
                source.stream, f"({followed.at.decode()}", "+", count=self._page_size.entries
            )
            for piece in pieces([Delivered(position, counts.pop(position, 0)) for position, _ in rows]):
                if stopping.is_set():
                    return
                async with deliveries.handling(piece, force=True) as raw:
                    if piece[0].is_deadly and raw:
                        reason = f"{ALONE} workers ended while they handled it alone"
                        await set_aside(self._client, source, *raw[0], reason, "deadly")
                    else:
                        await self._route(await self._read_all(followed, raw))
                    followed.note(piece[-1].position, len(piece))
                    await self._client.xack(source.stream, source.group, *(one.position for one in piece))
                names, args = followed.move()
                lag = await functions.call(self._client, "workers", "move_group", names, args)
                followed.moved(followed.at, followed.count, lag)
            if not rows or not counts:
                break
        if counts:  # of entries that were trimmed
            await self._client.xack(source.stream, source.group, *counts)
        await followed.forget_consumers(self._client)

    async def _follow(self, followed: Followed, stopping: asyncio.Event) -> None:
        self._followed[followed.stream] = followed
        if self._turns is None or self._turns.done():
            self._turns = asyncio.create_task(self._run(), name="pusher-turns")
        stop = asyncio.create_task(stopping.wait())
        stop.add_done_callback(lambda _: followed.leave())
        try:
            await followed.left
        finally:
            stop.cancel()
            self._end(followed)

    async def _run(self) -> None:
        """Until no partition is left. A bug ends the work on all of them; `workers.sharing` restarts it."""
        try:
            while self._followed:
                await self._turn()
        except Exception as error:  # noqa: BLE001 - each partition's work raises it
            for followed in list(self._followed.values()):
                self._end(followed, error)

    async def _turn(self) -> None:
        followed = list(self._followed.values())
        try:
            page = self._page_size.entries
            reply = await self._read(followed)
            if reply:
                await self._take(reply)
                is_all = all(len(entries) < page for _, entries in reply)
                if is_all and time.monotonic() - self._pushed_at > QUIET_SECONDS:
                    await self._gather()
            self._backoff.reset()
        except AWAY as error:
            log.warning("consumer_waits", error=slug(error), group=keys.PUSHER)
            for one in followed:
                if one.leaving:
                    self._end(one)
            await asyncio.sleep(self._backoff.next())
        for one in followed:
            if one.leaving and not one.is_ahead:
                self._end(one)

    @staticmethod
    async def _gather() -> None:
        """Lets entries come that nobody waits for."""
        await asyncio.sleep(GATHER_SECONDS)

    def _end(self, followed: Followed, error: Exception | None = None) -> None:
        """The partition is followed no more."""
        if self._followed.get(followed.stream) is followed:
            del self._followed[followed.stream]
        if followed.left.done():
            return
        if error is None:
            followed.left.set_result(None)
        else:
            followed.left.set_exception(error)

    async def _read(self, followed: list[Followed]) -> Any:
        """The next entries. The moves of the groups leave in the same write."""
        now = time.monotonic()
        due = now - self._moved_at >= MOVE_SECONDS
        moving = [one for one in followed if one.is_ahead and (due or one.leaving)]
        reading = [one for one in followed if not one.leaving]
        asked = [self._link.execute("FCALL", self._move, 1, *_flat(one.move())) for one in moving]
        moves = [(one, one.at, one.count) for one in moving]
        if reading:
            streams, ats = [one.stream for one in reading], [one.at for one in reading]
            asked.append(
                self._link.execute(
                    "XREAD", "COUNT", self._page_size.entries, "BLOCK", BLOCK_MS, "STREAMS", *streams, *ats
                )
            )
        replies = (
            [await asked[0]] if len(asked) == 1 else await asyncio.gather(*asked, return_exceptions=True)
        )
        for (one, upto, count), reply in zip(moves, replies, strict=False):
            await self._moved(one, upto, count, reply)
        if due:
            self._moved_at = now
        found = replies[-1] if reading else None
        if isinstance(found, BaseException):
            raise found
        return found

    async def _moved(self, one: Followed, upto: bytes, count: int, reply: Any) -> None:
        if isinstance(reply, BaseException):
            if isinstance(reply, ResponseError) and functions.is_missing(reply):
                await functions.install(self._client, "workers")
            raise reply
        try:
            one.moved(upto, count, reply)
        except NoGroup as error:
            self._end(one, error)

    async def _take(self, reply: list[Any]) -> None:
        began = time.monotonic()
        found: list[Found] = []
        upto: list[tuple[Followed, bytes, int]] = []
        size = 0
        for stream, entries in reply:
            followed = self._followed.get(stream)
            if followed is None:
                continue
            rows: list[Row] = [
                (position, dict(zip(flat[::2], flat[1::2], strict=True))) for position, flat in entries
            ]
            found += await self._read_all(followed, rows)
            upto.append((followed, rows[-1][0], len(rows)))
            size += sum(len(value) for _, fields in rows for value in fields.values())
        many = sum(count for _, _, count in upto)
        self._page_size.note(many, size)
        await self._route(found)
        for followed, position, count in upto:
            followed.note(position, count)
        self._batch.observe(many)
        self._batch_seconds.observe(time.monotonic() - began)

    async def _read_all(self, followed: Followed, rows: Sequence[Row]) -> list[Found]:
        """The pushes of the rows; a row that cannot be decoded is set aside."""
        found = []
        for position, fields in rows:
            try:
                push = push_of(fields)
            except UndecodableEntry as error:
                await set_aside(self._client, followed.source, position, fields, error.reason, "undecodable")
                continue
            if push is not None:
                found.append(Found(followed, position, fields, push))
        return found

    async def _route(self, found: list[Found]) -> None:
        """Routes all at once; where the function fails, the halves, until the entry to blame is set aside."""
        try:
            if await route(self._call, [one.push for one in found]):
                self._pushed_at = time.monotonic()
        except Exception as error:
            if not is_the_entrys(error):
                raise
            if len(found) > 1:
                middle = len(found) // 2
                await self._route(found[:middle])
                await self._route(found[middle:])
                return
            log.exception("entry_keeps_failing", group=keys.PUSHER)
            (one,) = found
            source = one.followed.source
            await set_aside(self._client, source, one.position, one.fields, slug(error), "failing")


def _flat(move: tuple[list[str], list[Any]]) -> list[Any]:
    names, args = move
    return [*names, *args]
