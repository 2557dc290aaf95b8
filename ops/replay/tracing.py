"""`sealstream replay trace`: one envelope's life, from archive and log, PostgreSQL and the groups."""

import asyncio
from typing import Any, Final
from uuid import UUID

import click
from rich.table import Table

from ops.replay.auditing import bar, printer
from ops.replay.opening import chosen, in_words, reachable, the_history, warn
from ops.replay.places import time_of
from ops.replay.plain import line
from schema import checkpoints, keys
from schema.positions import Position
from schema.settings import Settings
from workers.replay.records import Fault
from workers.replay.trace import Life, Trace

HAS_ROW: Final = "SELECT 1 FROM envelopes WHERE (user_id, device_id, seq) = (%s, %s, %s)"


def trace(
    settings: Settings, envelope: UUID, after: Position, user: UUID | None, *, as_json: bool, fast: bool
) -> int:
    """The exit status. Raises OperatorError."""
    settings = reachable(settings, compares=True)
    with in_words():
        lives, faults = asyncio.run(_trace(settings, envelope, after, user, quiet=as_json, fast=fast))
    found_in = {life.partition for life in lives}  # an envelope has one recipient, who is in one partition
    warn([fault for fault in faults if not lives or fault.partition in found_in])
    if as_json:
        click.echo(line(lives))
    elif lives:
        for life in lives:
            _show(envelope, life)
    else:
        click.echo(f"The log has no envelope {envelope}, nor has the archive.")
    return 0 if lives else 1


async def _trace(
    settings: Settings, envelope: UUID, after: Position, user: UUID | None, *, quiet: bool, fast: bool
) -> tuple[list[Life], list[Fault]]:
    async with the_history(settings, fast=fast) as history:
        source, found = history.source, Trace(envelope)
        with bar(quiet=quiet) as progress:
            task = progress.add_task("reading archive and log", total=None)
            for partition in chosen(history.partitions, None, user):
                end = (await source.extent(partition)).last
                async for page in source.pages(partition, after, end):
                    for record in page.records:
                        found.take(record)
                    progress.advance(task, len(page.records))
        for life in found.lives:
            await _where(history.log, history.database, life)
        return found.lives, history.faults()


async def _where(client: Any, database: Any, life: Life) -> None:
    """The servers' own records beside the log."""
    reached = await checkpoints.read_all(database, keys.PROJECTOR)
    life.projected = life.accepted <= reached.get(life.partition, Position(0, 0))
    row = await database.execute(HAS_ROW, (life.user, life.device, life.seq))
    life.row = await row.fetchone() is not None
    for group in await client.xinfo_groups(keys.log(life.partition)):
        if group["name"] == keys.PUSHER.encode():
            life.pushed = life.accepted <= Position.parse(group["last-delivered-id"])


def _show(envelope: UUID, life: Life) -> None:
    table = Table(
        "step", "when (UTC)", "after", "where", title=f"{envelope} for device {life.device} of {life.user}",
        title_justify="left",
    )  # fmt: skip
    size = "" if life.size is None else f"{life.size:,} bytes, "
    sent = f"number {life.seq}, {size}by device {life.from_device} of {life.from_user}"
    table.add_row("accepted", time_of(life.accepted.ms), "", f"{life.partition}:{life.accepted}, {sent}")
    kept = "its row is in PostgreSQL" if life.row else "PostgreSQL has no row of it (any more)"
    table.add_row("projected", "yes" if life.projected else "not yet", "", kept)
    table.add_row(
        "pushed", "yes" if life.pushed else "not yet", "", "to the node of the device's socket, if any"
    )
    if life.ended is None:
        table.add_row("owed", "", "", "it waits for its device")
    else:
        took = f"{(life.ended.ms - life.accepted.ms) / 1000:,.3f} s"
        table.add_row(life.end, time_of(life.ended.ms), took, f"{life.partition}:{life.ended}")
    printer().print(table)
