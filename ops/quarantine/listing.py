"""Entries set aside, by position: all groups and doubles of an entry in one row, never a payload."""

import re
from typing import Any, Final

import msgspec

from ops.errors import OperatorError
from ops.streams.groups import partitions
from ops.words import harmless
from schema import codec, keys
from schema.positions import Position
from workers import quarantine
from workers.quarantine import SetAside

LIMITS: Final = "limits"
_QUOTED: Final = re.compile(r"'[^']{33,}'")
"""Longer than any name of ours: a piece of the entry itself."""


class Row(msgspec.Struct, frozen=True):
    """One entry that was set aside. `entry` names it (PARTITION/POSITION, or limits/POSITION); `event` is its
    kind, or "unreadable"; `at` is when it was set aside (ms)."""

    entry: str
    partition: int | None
    position: str
    groups: tuple[str, ...]
    kind: str
    reason: str
    event: str
    at: int
    user: str | None
    device: int | None
    number: int | None


class Listed(msgspec.Struct, frozen=True):
    """A row and the quarantine's own entries that it stands for."""

    row: Row
    entries: list[SetAside]


async def read(log_client: Any, *, with_fields: bool = False) -> list[Listed]:
    """Everything that is set aside, by partition and position; with the entries' own fields (ciphertext) only
    where they are asked for. Raises NeverStarted."""
    streams: list[tuple[int | None, str]] = [
        *((partition, keys.quarantine(partition)) for partition in range(await partitions(log_client))),
        (None, keys.LIMITS_QUARANTINE),
    ]
    listed = []
    for partition, stream in streams:
        found: dict[Position, Listed] = {}
        async for entry in quarantine.read(log_client, stream):
            row = _row(partition, entry)
            kept = entry if with_fields else msgspec.structs.replace(entry, fields={})
            known = found.get(entry.position, Listed(row, []))
            groups = tuple(dict.fromkeys((*known.row.groups, entry.group)))
            found[entry.position] = Listed(
                msgspec.structs.replace(known.row, groups=groups), [*known.entries, kept]
            )
        listed += [one for _, one in sorted(found.items())]
    return listed


def chosen(listed: list[Listed], names: tuple[str, ...]) -> list[Listed]:
    """The rows of those names. Raises OperatorError when one is not among them."""
    by_name = {one.row.entry: one for one in listed}
    for name in names:
        if name not in by_name:
            raise OperatorError(
                f"No entry {harmless(name)!r} is set aside. See `sealstream quarantine show`."
            )
    return [by_name[name] for name in dict.fromkeys(names)]


def _row(partition: int | None, entry: SetAside) -> Row:
    event, number = _event(partition, entry)
    user = codec.user_of(entry.fields) if event is None else event.user
    return Row(
        entry=f"{LIMITS if partition is None else partition}/{entry.position}",
        partition=partition,
        position=str(entry.position),
        groups=(entry.group,),
        kind=entry.kind,
        reason=harmless(_QUOTED.sub("'…'", entry.reason)),
        event="unreadable" if event is None else str(event.__struct_config__.tag),
        at=Position.parse(entry.id).ms,
        user=None if user is None else str(user),
        device=getattr(event, "device", None),
        number=number or None,
    )


def _event(partition: int | None, entry: SetAside) -> tuple[Any, int]:
    try:
        if partition is None:
            return codec.decode_refused(entry.fields.get(codec.EVENT_FIELD, b"")), 0
        return codec.decode_entry(entry.fields)
    except codec.UndecodableEntry:
        return None, 0
