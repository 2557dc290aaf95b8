"""One partition that the pusher follows: where it reads on, and how far its group on the log has come.

Invariant: the group is never ahead of what was routed. After a crash the next owner routes the last second's
entries again, and skips none.
"""

import asyncio
from typing import Any

from schema import functions
from schema.positions import Position
from workers import metrics
from workers.batches import Source
from workers.takeover import NoGroup, ensure_group, group_info


class Followed:
    """`at`: the last entry that was routed; `moved_to`: where the group stands; `count`: entries between."""

    def __init__(self, source: Source[Any], at: bytes) -> None:
        self.source = source
        self.stream = source.stream.encode()
        self.at = at
        self.moved_to = at
        self.count = 0
        self.leaving = False
        self.left: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def take_over(cls, client: Any, source: Source[Any]) -> "Followed":
        """The partition from where its group stands, or from before the first entry that an owner left
        pending."""
        await ensure_group(client, source)
        group = await group_info(client, source)
        _note_lag(source, group["lag"])
        metrics.PENDING.labels(source.group, source.partition).set(0)
        at: bytes = group["last-delivered-id"]
        # None is left when the owner before acknowledged them meanwhile.
        if group["pending"] and (first := (await client.xpending(source.stream, source.group))["min"]):
            oldest = Position.parse(first).previous()
            if oldest < Position.parse(at):
                at = str(oldest).encode()
                await client.xgroup_setid(source.stream, source.group, at)
        return cls(source, at)

    async def forget_consumers(self, client: Any) -> None:
        """Of this group only entries that an owner dies of are pending, in nobody's name for long."""
        arguments = [self.source.group, "", -1]
        await functions.call(client, "workers", "forget_consumers", [self.source.stream], arguments)

    def note(self, upto: bytes, entries: int) -> None:
        """So many entries more were routed, up to there."""
        self.at = upto
        self.count += entries

    @property
    def is_ahead(self) -> bool:
        """Whether the group is to be moved."""
        return self.at != self.moved_to

    def move(self) -> tuple[list[str], list[Any]]:
        """Keys and arguments of the function `move_group`."""
        return [self.source.stream], [self.source.group, self.moved_to, self.count, self.at]

    def moved(self, upto: bytes, count: int, lag: int | None) -> None:
        """The group stands at `upto`, `count` entries further; `lag` as the function says. Raises NoGroup."""
        if lag is None:
            raise NoGroup(self.source.group)
        self.moved_to = upto
        self.count -= count
        _note_lag(self.source, None if lag < 0 else lag)

    def leave(self) -> None:
        """The next turn is the last one for this partition."""
        self.leaving = True


def _note_lag(source: Source[Any], lag: int | None) -> None:
    if lag is not None:
        metrics.LAG.labels(source.group, source.partition).set(lag)
