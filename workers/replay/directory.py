"""The directory against the fold, at the very same moment.

A transaction of the log reads some users' hashes together with the log's last entry. The fold goes on
exactly to that entry, and then both must say the same: nothing is tried again, and nothing stands still
meanwhile.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from schema import keys
from schema.positions import Position
from workers.replay.fold import Fold
from workers.replay.mailbox import UNKNOWN
from workers.replay.people import DeviceState
from workers.replay.violations import Violation

AT_ONCE: Final = 200
"""Users in one transaction: the log serves nobody else meanwhile."""

Fields = Mapping[bytes, bytes]


async def read(client: Any, partition: int, users: Sequence[UUID]) -> tuple[Position | None, list[Fields]]:
    """The hashes of the users (of one partition), each device that was closed as a field `xDEVICE`, and the
    log's last entry at that moment (None: it has none)."""
    async with client.pipeline(transaction=True) as piece:
        for user in users:
            # By their names: redis-py's own methods break in a transaction on a cluster (8.1).
            piece.execute_command("HGETALL", keys.user(partition, user))
            piece.execute_command("SMEMBERS", keys.closed(partition, user))
        piece.xrevrange(keys.log(partition), count=1)
        *found, newest = await piece.execute()
    hashes, closed = found[::2], found[1::2]
    fields: list[Fields] = [
        {**one, **{b"x" + device: b"1" for device in devices}}
        for one, devices in zip(hashes, closed, strict=True)
    ]
    return Position.parse(newest[0][0]) if newest else None, fields


def compare(fold: Fold, user: UUID, fields: Fields) -> None:
    """Adds to the fold's violations what the hash has otherwise."""
    for device, text in _differences(fold, user, fields):
        fold.violations.add(
            Violation(
                kind="directory",
                text=f"the directory {text}",
                partition=fold.partition,
                user=user,
                device=device,
            )
        )


def _differences(fold: Fold, user: UUID, fields: Fields) -> Iterator[tuple[int | None, str]]:
    state = fold.users.get(user.int)
    if state is None:
        if fields and (fold.complete or user.int in fold.deleted):
            yield None, "has a user whom the log does not have"
        return
    if state.identity is not None and fields.get(b"i") != state.identity:
        yield None, "has another identity key than the log" if b"i" in fields else "lacks the user"
    listed = {int(field[1:]) for field in fields if field[:1] in (b"r", b"x")}
    if state.known:
        for number in sorted(listed - state.devices.keys()):
            yield number, "has a device that the log does not have"
    for number, device in state.devices.items():
        for text in _device(device, _reader(fields, number)):
            yield number, text


def _reader(fields: Fields, number: int) -> Callable[[str], int | None]:
    def value(letter: str) -> int | None:
        found = fields.get(f"{letter}{number}".encode())
        return None if found is None else int(found)

    return value


def _device(device: DeviceState, value: Callable[[str], int | None]) -> Iterator[str]:
    if device.closed_at:
        if value("x") is None or value("r") is not None:
            yield "has the device as active, which was closed"
        return
    if value("r") is None:
        yield "lacks the device"
        return
    mailbox = device.mailbox
    if device.published and value("r") != device.registration:
        yield f"has the registration id {value('r')}, the log {device.registration}"
    for name, letter, must in (
        ("head", "h", mailbox.head),
        ("cursor", "c", mailbox.cursor),
        ("floor", "f", mailbox.floor),
        ("count of expired envelopes", "e", mailbox.expired if device.first else UNKNOWN),
    ):
        if must not in (UNKNOWN, value(letter) or 0):
            yield f"has the {name} {value(letter) or 0}, the log {must}"
