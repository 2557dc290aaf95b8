"""The pusher: tells the nodes at once what was accepted or expired for the devices they hold.

Its work: one board function per batch, which looks presence up and writes the nodes' inboxes; then the
entries are acknowledged. It must not write anywhere else. A push is only a hint that saves a read: lost,
doubled or late ones cannot lose or reorder messages, because a node that sees a gap reads the mailbox.
"""

from collections.abc import Iterator
from typing import Any, Final

from schema import codec, functions, keys
from schema.events import EnvelopeAccepted, EnvelopesExpired, LogEvent
from workers import metrics
from workers.batches import Batch, Entry, Pace

PACE: Final = Pace(read=256)
"""No lingering: someone waits for the message."""
INBOX_PAIRS: Final = 250
"""Per inbox entry; Lua cannot unpack thousands."""
INBOX_BYTES: Final = 512 * 1024
"""Per inbox entry: a node reads many at once."""
CALL_BYTES: Final = 2 * 1024 * 1024
"""Per call: the board serves nobody else meanwhile."""

Push = tuple[str, int, bytes, bytes]


class Pusher:
    """Routes batches (a `workers.batches.Handler`)."""

    def __init__(self, board: Any) -> None:
        self._board = board

    async def resume(self) -> None:
        """The group's own record says how far the pushes went."""
        return

    async def handle(self, batch: Batch[LogEvent]) -> None:
        """Routes what concerns sockets, in order."""
        pushes = [push for entry in batch.entries if (push := _push(entry)) is not None]
        for part in _calls(pushes):
            args = [value for push in part for value in push]
            routed = await functions.call(
                self._board, "workers", "route", [keys.NODES], [INBOX_PAIRS, INBOX_BYTES, *args]
            )
            metrics.ROUTED.inc(routed)


def _push(entry: Entry[LogEvent]) -> Push | None:
    if isinstance(entry.event, EnvelopeAccepted):
        name = "p"
    elif isinstance(entry.event, EnvelopesExpired):
        name = "x"
    else:
        return None
    event = entry.event
    return str(event.user), event.device, f"{name}:{entry.seq}".encode(), entry.fields[codec.EVENT_FIELD]


def _calls(pushes: list[Push]) -> Iterator[list[Push]]:
    part: list[Push] = []
    size = 0
    for push in pushes:
        if part and size + len(push[3]) > CALL_BYTES:
            yield part
            part, size = [], 0
        part.append(push)
        size += len(push[3])
    if part:
        yield part
