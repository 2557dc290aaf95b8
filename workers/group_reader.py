"""Reading a group's streams: one command reads all of a worker's partitions.

What they committed before is acknowledged in the same write.

Invariant: a partition is read after it has committed what it got. A turn begins when all that take part have,
so entries that come meanwhile are read together: batches grow with load, and nothing waits when idle. One
that takes longer than PATIENCE_SECONDS holds up no other. On a cluster no command reads several partitions;
there each has a reader of its own.
"""

import asyncio
import time
from typing import Any, Final, Protocol

from redis.exceptions import ResponseError

from schema.link import Commands
from workers.batches import Pace
from workers.deliveries import RawEntry
from workers.page_size import LEAST, PageSize, bytes_of
from workers.takeover import NoGroup

Command = tuple[str | bytes | int, ...]

PATIENCE_SECONDS: Final = 0.5
"""Partitions that are ready wait for the others for so long."""
STREAMS_PER_PAGE: Final = 4
"""A command may ask for so many pages of `Pace.read` in all."""


class Reads(Protocol):
    """A partition that takes part in the reading."""

    stream: str

    def acknowledgement(self) -> list[Command]:
        """The command that acknowledges what was committed since the last one; none when nothing was."""

    async def take(self, raw: list[RawEntry]) -> bool:
        """Keeps the entries for the partition's next batch; whether one of them ends the lingering."""


class GroupReader:
    """Reads as the worker `name` of `group`. `link` is its own: the read blocks it."""

    def __init__(self, link: Commands, group: str, name: str, pace: Pace) -> None:
        self._link = link
        self._group = group
        self._name = name
        self.pace = pace
        self._page_size = PageSize(pace.read * STREAMS_PER_PAGE)
        self._members: set[Reads] = set()
        self._waiting: dict[Reads, asyncio.Future[None]] = {}
        self._turn: asyncio.Task[None] | None = None
        self._patience: asyncio.TimerHandle | None = None

    def join(self, member: Reads) -> None:
        """The member takes part from the next turn on; it reads until it leaves."""
        self._members.add(member)

    def leave(self, member: Reads) -> None:
        """Nobody waits for the member any more. Idempotent."""
        self._members.discard(member)
        self._waiting.pop(member, None)
        if not self._members and self._turn is not None:
            self._turn.cancel()
        self._begin_turn()

    async def read(self, member: Reads) -> None:
        """Returns when the member was given what there is, or nothing came within the block. Raises NoGroup,
        and what the connection raises."""
        future = self._waiting[member] = asyncio.get_running_loop().create_future()
        self._begin_turn()
        await future

    async def ask(self, *commands: Command) -> list[Any]:
        """The replies to the commands, which leave in one write. Raises the first error among them."""
        asked = [self._link.execute(*command) for command in commands]
        replies = await asyncio.gather(*asked, return_exceptions=True)
        for reply in replies:
            if isinstance(reply, BaseException):
                raise reply
        return replies

    def _begin_turn(self) -> None:
        if self._turn is not None or not self._waiting:
            return
        if len(self._waiting) == len(self._members):
            self._begin_with_all_that_wait()
        elif self._patience is None:
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(PATIENCE_SECONDS, self._begin_with_all_that_wait)

    def _begin_with_all_that_wait(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if self._turn is None and self._waiting:
            waiting, self._waiting = self._waiting, {}
            self._turn = asyncio.create_task(self._run(waiting), name=f"{self._group}-turn")

    async def _run(self, waiting: "dict[Reads, asyncio.Future[None]]") -> None:
        error: BaseException | None = None
        try:
            await self._read_all({member.stream.encode(): member for member in waiting})
        except BaseException as raised:  # noqa: BLE001 - each member raises it
            error = raised
        self._turn = None
        for future in waiting.values():
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
        self._begin_turn()

    async def _read_all(self, members: dict[bytes, Reads]) -> None:
        """What is there, or comes within the block, and then what comes while it lingers."""
        pace = self.pace
        until = 0.0
        counts = dict.fromkeys(members, 0)
        size = 0
        while True:
            acknowledged = [command for member in members.values() for command in member.acknowledgement()]
            count = min(pace.read, max(LEAST, self._page_size.entries // len(members)))
            block = () if until else ("BLOCK", int(pace.block_seconds * 1000))
            reply = await self._ask(acknowledged, count, block, [*members])
            if not until:
                until = time.monotonic() + pace.linger_seconds
            is_urgent, bytes_read, newest = False, 0, 0
            for stream, rows in reply:
                raw = [(position, dict(zip(flat[::2], flat[1::2], strict=True))) for position, flat in rows]
                is_urgent |= await members[stream].take(raw)
                bytes_read += bytes_of(raw)
                newest = max(newest, len(raw))
                counts[stream] += len(raw)
            self._page_size.note(sum(len(rows) for _, rows in reply), bytes_read)
            size += bytes_read
            is_full = max(counts.values()) >= pace.most or size >= pace.most_bytes
            if is_urgent or is_full or not any(counts.values()) or not pace.linger_seconds:
                return
            if newest < count:
                left = until - time.monotonic()
                if left <= 0:
                    return
                await asyncio.sleep(left)

    async def _ask(
        self, acknowledged: list[Command], count: int, block: tuple[str | int, ...], streams: list[bytes]
    ) -> list[Any]:
        """By stream, the next entries of the streams that have any."""
        who = ("GROUP", self._group, self._name)
        read = ("XREADGROUP", *who, "COUNT", count, *block, "STREAMS", *streams, *[">"] * len(streams))
        try:
            *_, reply = await self.ask(*acknowledged, read)
        except ResponseError as error:
            if str(error).startswith("NOGROUP"):
                raise NoGroup(self._group) from error
            raise
        return reply or []
