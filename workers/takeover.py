"""Taking a stream over: the group exists, what the owner before left unfinished is known, in order.

A consumer that is gone leaves entries pending under its name. They are taken over at once, whatever their
age: two owners for a moment do no harm (see `workers.consumer`), a waiting mailbox does.
"""

from typing import Any, Final

import structlog
from redis.exceptions import ResponseError

from schema import functions, log_identity
from schema.positions import Position
from workers.batches import Source
from workers.deliveries import Delivered, Deliveries

log = structlog.get_logger(__name__)

FORGET_AFTER_MS: Final = 60_000
"""A consumer that holds nothing and has not asked for so long is forgotten."""


class NoGroup(Exception):
    """The stream has no such group (any more)."""


async def take_over(
    client: Any, source: Source[Any], consumer: str, done: Position | None, deliveries: Deliveries
) -> list[Delivered]:
    """The entries that were read and not acknowledged, in order; they are claimed when they are handled.

    With `done` (what is committed elsewhere) the group is set back to it if it went further than that,
    as after the database was restored from a backup: the entries are then delivered again.
    Raises AnotherLog if the stream ends before `done`: it is an older copy.
    """
    await ensure_group(client, source)
    if done is not None and Position.parse(await _end(client, source)) < done:
        raise log_identity.AnotherLog("the stream ends before its checkpoint")
    left = await deliveries.left()
    await functions.call(
        client, "workers", "forget_consumers", [source.stream], [source.group, consumer, FORGET_AFTER_MS]
    )
    if done is None or not await _is_ahead(client, source, left, done):
        return left
    log.error(
        "group_is_ahead_of_its_checkpoint",
        group=source.group,
        partition=source.partition,
        checkpoint=str(done),
    )
    if left:
        await client.xack(source.stream, source.group, *(one.position for one in left))
    await client.xgroup_setid(source.stream, source.group, str(done))
    return []


async def ensure_group(client: Any, source: Source[Any]) -> None:
    """Creates the group at the stream's very beginning if it is missing.

    Looks before it creates: a full log refuses to create, and must still be read empty.
    """
    try:
        await group_info(client, source)
    except NoGroup:
        log.info("group_created", group=source.group, partition=source.partition)
        try:
            await client.xgroup_create(source.stream, source.group, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):  # another worker was faster
                raise


async def group_info(client: Any, source: Source[Any]) -> dict[str, Any]:
    """The group's own record: `pending`, `lag`, `last-delivered-id`. Raises NoGroup."""
    try:
        groups = await client.xinfo_groups(source.stream)
    except ResponseError as error:
        if "no such key" in str(error):
            raise NoGroup(source.group) from error
        raise
    for group in groups:
        if group["name"] == source.group.encode():
            found: dict[str, Any] = group
            return found
    raise NoGroup(source.group)


def group_in(replies: list[Any], source: Source[Any]) -> dict[str, Any]:
    """As `group_info`, of the reply to XINFO GROUPS as the server wrote it (RESP 2). Raises NoGroup."""
    for flat in replies[0]:
        found = {name.decode(): value for name, value in zip(flat[::2], flat[1::2], strict=True)}
        if found["name"] == source.group.encode():
            return found
    raise NoGroup(source.group)


async def _end(client: Any, source: Source[Any]) -> bytes:
    end: bytes = (await client.xinfo_stream(source.stream))["last-generated-id"]
    return end


async def _is_ahead(client: Any, source: Source[Any], left: list[Delivered], done: Position) -> bool:
    """Whether an entry after `done` was acknowledged although it was never committed."""
    pending = next((one.position for one in left if Position.parse(one.position) > done), None)
    if pending is not None:
        limit = f"({pending.decode()}"
    else:
        limit = (await group_info(client, source))["last-delivered-id"].decode()
        if Position.parse(limit) <= done:
            return False
    return bool(await client.xrange(source.stream, f"({done}", limit, count=1))
