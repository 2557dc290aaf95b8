"""One partition's pushes, as one call of the board's function."""

from typing import Any

from schema import functions, keys
from schema.codec import EVENT_FIELD
from schema.events import EnvelopeAccepted, EnvelopesExpired, LogEvent
from workers import metrics
from workers.batches import Batch, Entry, Pace

PACE = Pace(read=200, most=200)


class Routing:
    """Routes one partition (a `workers.batches.Handler`); the group's own record is its only memory."""

    def __init__(self, board: Any) -> None:
        self._board = board

    async def resume(self) -> None:
        """Nothing is known but what the group says."""

    async def handle(self, batch: Batch[LogEvent]) -> None:
        """Tells the nodes. When it fails, the batch comes again; a doubled push is dropped by the node."""
        arguments = [part for entry in batch.entries for part in pushed(entry)]
        if arguments:
            routed = await functions.call(self._board, "workers", "route", [keys.NODES], arguments)
            metrics.ROUTED.inc(routed)


def pushed(entry: Entry[LogEvent]) -> tuple[str | int | bytes, ...]:
    """What the function takes for one entry: user, device, inbox field and value; nothing for most kinds."""
    event = entry.event
    if isinstance(event, EnvelopeAccepted):
        field = f"p:{entry.seq}"
    elif isinstance(event, EnvelopesExpired):
        field = f"x:{entry.seq}"
    else:
        return ()
    return (str(event.user), event.device, field, entry.fields[EVENT_FIELD])
