"""`sealstream replay tail`: entries as they come."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import click

from ops import addresses
from ops.replay.opening import chosen, in_words, the_log
from ops.replay.places import time_of
from ops.replay.plain import line
from schema import keys, servers
from schema.settings import Settings
from workers.positions import Position
from workers.replay.flat import Filter, Flat, flat
from workers.replay.log_source import flat_rows, log_extent, page_of
from workers.replay.records import Page

AT_ONCE: Final = 100
BLOCK_MS: Final = 1000
LOOKS_SECONDS: Final = 0.2
"""A cluster is asked for each partition in turn, which cannot block."""


def tail(
    settings: Settings,
    after: Position | None,
    partition: int | None,
    only: Filter,
    *,
    as_json: bool,
    lines: int | None,
) -> None:
    """Prints until it is interrupted, or `lines` were printed. Raises OperatorError."""
    with in_words():
        asyncio.run(_tail(addresses.log(settings), after, partition, only, as_json=as_json, lines=lines))


async def _tail(
    url: str, after: Position | None, partition: int | None, only: Filter, *, as_json: bool, lines: int | None
) -> None:
    printed = 0
    async with the_log(url) as (client, partitions):
        wanted = chosen(partitions, partition, None)
        at = {number: after or (await log_extent(client, number)).last for number in wanted}
        while True:
            async for page in _new(client, at):
                at[page.partition] = page.upto
                for record in page.records:
                    if only.passes(record):
                        row = flat(record)
                        click.echo(line(row) if as_json else in_line(row))
                        printed += 1
                        if printed == lines:
                            return
                for entry in page.unreadable:
                    click.echo(f"{entry.partition}:{entry.position} cannot be read: {entry.reason}", err=True)


async def _new(client: Any, at: dict[int, Position]) -> AsyncIterator[Page]:
    """The entries after these positions; waits a while for the first, and may return none."""
    names = {keys.log(partition).encode(): partition for partition in at}
    if isinstance(client, servers.Cluster):
        found = [
            reply
            for partition, position in at.items()
            for reply in await client.xread({keys.log(partition): str(position)}, count=AT_ONCE)
        ]
        if not found:
            await asyncio.sleep(LOOKS_SECONDS)
    else:
        streams = {keys.log(partition): str(position) for partition, position in at.items()}
        found = await client.xread(streams, count=AT_ONCE, block=BLOCK_MS)
    replies: list[Any] = found
    for name, rows in replies:
        yield page_of(names[name], flat_rows(rows))


def in_line(row: Flat) -> str:
    """One entry in one line."""
    about = [f"{row.partition}:{row.position}", row.event, f"{row.user}.{row.device}"]
    if row.seq is not None:
        about.append(f"number {row.seq}")
    if row.id is not None:
        about.append(f"{row.id} from {row.from_user}.{row.from_device}, {row.kind}, {row.size} bytes")
    for name, value in (
        ("count", row.count),
        ("change", row.change),
        ("prekeys", row.prekeys),
        ("prekey", row.prekey),
    ):
        if value is not None:
            about.append(f"{name} {value}")
    return " ".join((time_of(row.logged_at), *about))
