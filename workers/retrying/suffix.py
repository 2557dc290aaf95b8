"""The log's entries of some users after a position: their entries in order, in bounded pages.

An envelope that a later entry settles is dropped on the way, so memory holds what is owed, not what was sent.
"""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from schema import codec, keys
from schema.events import LogEvent
from schema.positions import Position
from workers.batches import Entry
from workers.page_size import PageSize, bytes_of
from workers.projector.settled import unsettled

READ_AT_ONCE: Final = 500
FOLD_AT: Final = 5000


class Suffix:
    """The entries of `users` after `start` in one partition, but those at `skipped` positions."""

    def __init__(
        self, log_client: Any, partition: int, users: Collection[UUID], start: Position,
        skipped: Collection[Position],
    ) -> None:  # fmt: skip
        self._log = log_client
        self._stream = keys.log(partition)
        self._users = users
        self._upto = start
        self._skipped = skipped
        self._entries: list[Entry[LogEvent]] = []

    async def extend(self, upto: Position) -> None:
        """Reads on, up to and including `upto`."""
        folded, page_size = len(self._entries), PageSize(READ_AT_ONCE)
        while self._upto < upto:
            rows = await self._log.xrange(self._stream, f"({self._upto}", str(upto), count=page_size.entries)
            page_size.note(len(rows), bytes_of(rows))
            self._entries += [entry for row in rows if (entry := self._wanted(*row)) is not None]
            self._upto = Position.parse(rows[-1][0]) if rows else upto
            if len(self._entries) - folded > FOLD_AT:
                self._entries = unsettled(self._entries)
                folded = len(self._entries)

    def of(self, user: UUID) -> list[Entry[LogEvent]]:
        """The user's entries so far."""
        return [entry for entry in self._entries if entry.event.user == user]

    async def is_whole(self, since: Position) -> bool:
        """Whether nothing from `since` on has been trimmed off the log."""
        rows = await self._log.xrange(self._stream, "-", "+", count=1)
        return bool(rows) and Position.parse(rows[0][0]) <= since

    def _wanted(self, text: bytes, fields: dict[bytes, bytes]) -> Entry[LogEvent] | None:
        """The entry if it is one of theirs; one that cannot be read was set aside, too."""
        position = Position.parse(text)
        if position in self._skipped or codec.user_of(fields) not in self._users:
            return None
        try:
            event, seq = codec.decode_entry(fields)
        except codec.UndecodableEntry:
            return None
        return Entry(position, event, seq, fields)
