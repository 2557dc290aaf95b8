"""Retries what each group set aside, and takes what was handled out of the quarantine.

Promise: an entry leaves the quarantine after its work is committed. A crash in between leaves it there, and a
second retry changes nothing.
"""

from functools import partial
from typing import Any

import msgspec

from schema import codec, functions, keys
from schema.failures import is_the_entrys, slug
from schema.positions import Position
from workers import quarantine
from workers.pusher.routing import push_of, route
from workers.quarantine import SetAside
from workers.retrying.outcome import HANDLED, Outcome
from workers.retrying.projecting import project


class Servers(msgspec.Struct, frozen=True):
    """The connections of the groups' work: clients of log and board, and one in autocommit mode."""

    log: Any
    board: Any
    database: Any


async def retry(
    servers: Servers, partition: int | None, wanted: list[SetAside]
) -> dict[tuple[str, Position], Outcome]:
    """The outcome of each group's entry; `wanted` are of one partition, or refusals (None)."""
    if partition is None:
        stream = keys.LIMITS_QUARANTINE
        found = {(entry.group, entry.position): await _refused(servers.log, entry) for entry in wanted}
    else:
        stream = keys.quarantine(partition)
        found = await _of_log(servers, partition, wanted)
    for entry in wanted:
        outcome = found[entry.group, entry.position]
        if outcome.result in HANDLED:
            await servers.log.xdel(stream, entry.id)
    return found


async def _of_log(
    servers: Servers, partition: int, wanted: list[SetAside]
) -> dict[tuple[str, Position], Outcome]:
    found: dict[tuple[str, Position], Outcome] = {}
    of_projector = [entry for entry in wanted if entry.group == keys.PROJECTOR]
    if of_projector:
        aside = await quarantine.unprojected(servers.log, partition)
        projected = await project(servers.database, servers.log, partition, of_projector, aside)
        found |= {(keys.PROJECTOR, position): outcome for position, outcome in projected.items()}
    for entry in sorted(wanted, key=lambda entry: entry.position):
        if (entry.group, entry.position) in found:
            continue
        is_pushers = entry.group == keys.PUSHER
        outcome = await _pushed(servers.board, entry) if is_pushers else _nobodys(entry)
        found[entry.group, entry.position] = outcome
    return found


async def _pushed(board: Any, aside: SetAside) -> Outcome:
    """Routes the hint again: a node drops a number that its socket had, and reads the mailbox at a gap."""
    try:
        push = push_of(aside.fields)
    except codec.UndecodableEntry as error:
        return Outcome("unreadable", error.reason)
    try:
        await route(partial(functions.call, board, "workers"), [] if push is None else [push])
    except Exception as error:
        if not is_the_entrys(error):
            raise
        return Outcome("failed", slug(error))
    return Outcome("done")


async def _refused(log_client: Any, aside: SetAside) -> Outcome:
    """Appends the refusal again: their order means nothing, and one that is a minute old has no effect."""
    try:
        codec.decode_refused(aside.fields.get(codec.EVENT_FIELD, b""))
    except codec.UndecodableEntry as error:
        return Outcome("unreadable", error.reason)
    await log_client.xadd(keys.LIMITS_LOG, dict(aside.fields))
    return Outcome("done")


def _nobodys(aside: SetAside) -> Outcome:
    return Outcome("failed", f"no group {aside.group or '?'} is known")
