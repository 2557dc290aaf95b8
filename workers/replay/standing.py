"""Where the readers of a partition stand: checkpoint, groups, what is pending, what was set aside."""

from collections.abc import AsyncIterator
from typing import Any, Final

from redis.exceptions import ResponseError

from schema import keys
from schema.positions import START, Position
from workers import log_gaps
from workers.archive import heads
from workers.replay.records import Extent
from workers.replay.violations import Violation

PENDING_MS: Final = 300_000
"""An entry pending for longer than this has no worker that takes it over."""
AT_ONCE: Final = 500
REASON: Final = 200
"""Characters of a reason that are shown."""


async def standing(
    client: Any, partition: int, extent: Extent, checkpoint: Position
) -> AsyncIterator[Violation]:
    """Violations by the readers."""
    name = keys.log(partition)
    if checkpoint > extent.last:
        text = f"the database was projected up to {checkpoint}, the log ends at {extent.last}"
        yield Violation(kind="checkpoint", text=text, partition=partition, position=checkpoint)
    if extent.first is None:
        return
    groups = {group["name"].decode(): group for group in await client.xinfo_groups(name)}
    for group in keys.LOG_GROUPS:
        if group not in groups:
            yield Violation(kind="group", text=f"the group {group} is missing", partition=partition)
    for group in groups:
        oldest = await _pending(client, name, group)
        if oldest is not None:
            text = f"pending for {group}, for more than {PENDING_MS // 60_000} minutes: nobody takes it over"
            yield Violation(kind="pending", text=text, partition=partition, position=oldest)


async def trimmed(client: Any, database: Any, partition: int, live: Extent) -> Position:
    """Up to where retention trimmed the log; START: never. A repair forgets the position: then whatever
    the log no longer has may have been trimmed, if anything ever was."""
    known = await client.get(keys.trimmed(partition))
    if known is not None:
        return Position.parse(known)
    ever = await log_gaps.read(client, partition) or partition in await heads.read_all(database)
    return (live.first or live.last) if ever else START


async def removals(
    client: Any, database: Any, partition: int, live: Extent, after: Position, deleted: Position
) -> AsyncIterator[Violation]:
    """Entries behind `after` that left the log neither by retention nor because their account was deleted
    after them, at `deleted` the last one."""
    by_retention = await trimmed(client, database, partition, live)
    text, upto = None, live.removed_upto
    if upto is not None and upto > max(by_retention, after, deleted):
        text = f"entries up to {upto} were removed one by one, and no account was deleted after that"
    elif upto is None and not live.complete and by_retention == START:
        text = f"entries before {live.first} are gone, and retention did not trim them"
    if text is not None:
        yield Violation(kind="removed", text=text, partition=partition)


async def set_aside(client: Any, partition: int) -> AsyncIterator[Violation]:
    """Names the partition's quarantine."""
    async for group, position, reason in _aside(client, keys.quarantine(partition)):
        text = f"set aside by {group}: {reason}"
        yield Violation(kind="quarantine", text=text, partition=partition, position=position)


async def refusals_set_aside(client: Any) -> AsyncIterator[Violation]:
    """Names the quarantine of the refusals."""
    async for group, position, reason in _aside(client, keys.LIMITS_QUARANTINE):
        yield Violation(
            kind="quarantine", text=f"a refusal was set aside by {group}: {reason}", position=position
        )


async def _aside(client: Any, name: str) -> AsyncIterator[tuple[str, Position, str]]:
    start = "-"
    while rows := await client.xrange(name, start, "+", count=AT_ONCE):
        for entry, fields in rows:
            position = Position.parse(fields.get(b"position", entry))
            reason = fields.get(b"reason", b"?").decode("utf-8", "replace")[:REASON]
            yield fields.get(b"group", b"?").decode("utf-8", "replace"), position, reason
        start = f"({rows[-1][0].decode()}"


async def _pending(client: Any, name: str, group: str) -> Position | None:
    try:
        found = await client.xpending_range(name, group, min="-", max="+", count=1, idle=PENDING_MS)
    except ResponseError:
        return None  # the group went this very moment
    return Position.parse(found[0]["message_id"]) if found else None
