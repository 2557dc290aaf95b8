"""Routing: one board function looks presence up and writes the nodes' inboxes. It writes nowhere else."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from schema import codec, keys
from schema.events import EnvelopeAccepted, EnvelopesExpired
from workers import metrics

INBOX_PAIRS: Final = 250
"""Per inbox entry; Lua cannot unpack thousands."""
INBOX_BYTES: Final = 512 * 1024
"""Per inbox entry: a node reads many at once."""
CALL_BYTES: Final = 2 * 1024 * 1024
"""Per call: the board serves nobody else meanwhile."""

Call = Callable[[str, list[str], list[Any]], Awaitable[Any]]
"""Calls one of the workers' functions on the board: its name, keys, arguments."""


class Push(NamedTuple):
    """The push of one log entry to a device's socket; `field` and `event` as in `schema.inbox`. `server`: the
    name of the node that accepted it, or nothing."""

    user: str
    device: int
    field: bytes
    event: bytes
    server: bytes = b""


def push_of(fields: Mapping[bytes, bytes]) -> Push | None:
    """The push of an entry; None where it concerns no socket. Raises UndecodableEntry."""
    event, seq = codec.decode_entry(fields)
    if isinstance(event, EnvelopeAccepted):
        field = b"p:%d" % seq
    elif isinstance(event, EnvelopesExpired):
        field = b"x:%d" % seq
    else:
        return None
    server = fields.get(codec.SERVER_FIELD, b"")
    return Push(keys.id_text(event.user), event.device, field, fields[codec.EVENT_FIELD], server)


async def route(call: Call, pushes: list[Push]) -> int:
    """Takes the pushes to the inboxes, in order, in one call unless they are very large; how many went to
    one."""
    routed = 0
    for part in _parts(pushes):
        args: list[Any] = [INBOX_PAIRS, INBOX_BYTES]
        for push in part:
            args += push
        routed += await call("route", [keys.NODES], args)
    if routed:
        metrics.ROUTED.inc(routed)
    return routed


def _parts(pushes: list[Push]) -> Iterator[list[Push]]:
    part: list[Push] = []
    size = 0
    for push in pushes:
        if part and size + len(push.event) > CALL_BYTES:
            yield part
            part, size = [], 0
        part.append(push)
        size += len(push.event)
    if part:
        yield part
