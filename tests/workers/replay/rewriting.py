"""The log as somebody with its password can rewrite it: without a trace in the stream's own numbers."""

from collections.abc import Callable
from typing import Any

import msgspec

from schema import codec, keys
from tests.workers import stories

Row = tuple[bytes, dict[bytes, bytes]]
Change = Callable[[list[Row]], list[Row]]


async def rewrite(log: Any, change: Change) -> None:
    """Writes the stream of partition 0 anew, with its end and its groups where they were."""
    name = keys.log(0)
    end = (await log.xinfo_stream(name))["last-generated-id"]
    groups = {group["name"]: group["last-delivered-id"] for group in await log.xinfo_groups(name)}
    rows = change(await log.xrange(name))
    async with log.pipeline(transaction=False) as pipe:  # one wait for the disk, not one for each
        pipe.delete(name)
        for entry, fields in rows:
            pipe.xadd(name, fields, id=entry)
        pipe.execute_command("XSETID", name, end)
        for group, position in groups.items():
            pipe.xgroup_create(name, group, id=position)
        await pipe.execute()


def altered(place: int, **fields: Any) -> Change:
    """Other `fields` of the event at that place (0, 1, …)."""

    def change(rows: list[Row]) -> list[Row]:
        event, seq = codec.decode_entry(rows[place][1])
        forged = stories.fields((msgspec.structs.replace(event, **fields), seq))
        return [*rows[:place], (rows[place][0], forged), *rows[place + 1 :]]

    return change
