"""`sealstream replay tail`: entries as they come, from an old position also those that were trimmed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final

import click

from ops import addresses
from ops.replay.opening import chosen, in_words, reachable, the_history, the_log, warn
from ops.replay.places import time_of
from ops.replay.plain import line
from schema import keys, servers
from schema.positions import Position
from schema.roles import AUDITOR
from schema.settings import Settings
from workers.replay.flat import Filter, Flat, flat
from workers.replay.log_source import LogSource, flat_rows, log_extent, page_of
from workers.replay.records import Fault, Page

AT_ONCE: Final = 100
BLOCK_MS: Final = 1000
LOOKS_SECONDS: Final = 0.2
"""A cluster is asked for each partition in turn, which cannot block."""


class _Enough(Exception):
    """As many lines as were asked for."""


class _Lines:
    """Prints the entries that the filter lets through. Raises _Enough behind the last one of `most`."""

    def __init__(self, only: Filter, *, as_json: bool, most: int | None) -> None:
        self._only = only
        self._as_json = as_json
        self._most = most
        self._printed = 0

    def show(self, page: Page) -> None:
        for record in page.records:
            if self._only.passes(record):
                row = flat(record)
                click.echo(line(row) if self._as_json else in_line(row))
                self._printed += 1
                if self._printed == self._most:
                    raise _Enough
        for entry in page.unreadable:
            click.echo(f"{entry.partition}:{entry.position} cannot be read: {entry.reason}", err=True)


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
    shown = _Lines(only, as_json=as_json, most=lines)
    with in_words(), suppress(_Enough):
        asyncio.run(_tail(settings, after, partition, shown))


async def _tail(settings: Settings, after: Position | None, partition: int | None, shown: _Lines) -> None:
    async with the_log(addresses.log(settings, AUDITOR)) as (client, partitions):
        wanted = chosen(partitions, partition, None)
        if after is None:
            at = {number: (await log_extent(client, number)).last for number in wanted}
        else:
            at = dict.fromkeys(wanted, after)
            log = LogSource(client)
            if [number for number in wanted if await log.lacks(number, after) is not None]:
                await _catch_up(settings, at, shown)
        while True:
            async for page in _new(client, at):
                at[page.partition] = page.upto
                shown.show(page)


async def _catch_up(settings: Settings, at: dict[int, Position], shown: _Lines) -> None:
    """Shows what was trimmed since those positions and what came after it; says what nobody has any more.
    Moves `at` to where it ended."""
    said: set[Fault] = set()
    async with the_history(reachable(settings), fast=True) as history:
        source = history.source
        for number, after in at.items():
            if (upto := await source.lacks(number, after)) is not None:
                _say_gap(number, after, upto)
            async for page in source.pages(number, after, (await source.extent(number)).last):
                _say_new(source.faults(number), said)
                at[number] = page.upto
                shown.show(page)
            _say_new(source.faults(number), said)


def _say_gap(partition: int, after: Position, upto: Position) -> None:
    click.echo(
        f"sealstream: partition {partition}: entries between {after} and {upto.next()} are in neither log "
        "nor archive",
        err=True,
    )


def _say_new(faults: list[Fault], said: set[Fault]) -> None:
    warn([fault for fault in faults if fault not in said])
    said.update(faults)


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
        ("kem_prekeys", row.kem_prekeys),
        ("kem_prekey", row.kem_prekey),
        ("blob", row.blob),
    ):
        if value is not None:
            about.append(f"{name} {value}")
    return " ".join((time_of(row.logged_at), *about))
