"""The directory as the database has it, lifted into partitions of the log that lost theirs or lag behind.

Invariant: a number never goes back: of head, cursor and floor the greater one stays. Lifting twice is the
same as lifting once.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from itertools import groupby
from typing import Any, Final, NamedTuple
from uuid import UUID

from ops.log_repair import owed
from schema import keys
from schema.partitions import partition_of

SELECT_DEVICES: Final = """
    SELECT user_id, identity_key, device_id, registration_id, closed_at IS NOT NULL,
           COALESCE(head, 0), COALESCE(cursor, 0), COALESCE(floor, 0)
      FROM devices JOIN identities USING (user_id) LEFT JOIN mailboxes USING (user_id, device_id)
     WHERE until IS NULL
     ORDER BY user_id, device_id
"""
SELECT_ACCOUNTS: Final = "SELECT user_id FROM users WHERE user_id = ANY(%s)"
ROWS_AT_ONCE: Final = 1000
CLOSED: Final = "x"


class DeviceRow(NamedTuple):
    """A device in the database, active or closed, and its mailbox's numbers."""

    user: UUID
    identity_key: bytes
    device: int
    registration_id: int
    closed: bool
    head: int
    cursor: int
    floor: int


Fields = dict[str, bytes | int]


async def lift(connection: Any, log_client: Any, partitions: int, chosen: Collection[int]) -> None:
    """Writes every user of the `chosen` partitions with the sizes of what is owed; drops users without an
    account."""
    async for user, devices in users(connection):
        partition = partition_of(user, partitions)
        if partition not in chosen:
            continue
        present = await fields_of(log_client, partition, user)
        fields = lifted(present, devices)
        await owed.forget(log_client, partition, user, present)
        closed = [name for name in fields if name.startswith(CLOSED)]
        if closed:
            await log_client.sadd(
                keys.closed(partition, user), *(name.removeprefix(CLOSED) for name in closed)
            )
        name = keys.user(partition, user)
        await log_client.hset(name, mapping={field: fields[field] for field in fields.keys() - set(closed)})
        if stale := [field for field in present if field.decode() not in fields or field.decode() in closed]:
            await log_client.hdel(name, *stale)
    async for batch in listed(log_client):
        for user in set(batch) - await with_account(connection, batch):
            if (partition := partition_of(user, partitions)) in chosen:
                name = keys.user(partition, user)
                await owed.forget(log_client, partition, user, await log_client.hkeys(name))
                await log_client.delete(name, keys.closed(partition, user))
    await owed.lift(connection, log_client, partitions, chosen)


async def fields_of(log_client: Any, partition: int, user: UUID) -> dict[bytes, bytes]:
    """What the directory has of the user, each device that was closed as a field `xDEVICE`."""
    found: dict[bytes, bytes] = await log_client.hgetall(keys.user(partition, user))
    closed = await log_client.smembers(keys.closed(partition, user))
    return {**found, **{CLOSED.encode() + device: b"1" for device in closed}}


def lifted(present: Mapping[bytes, bytes], devices: Iterable[DeviceRow]) -> Fields:
    """A user's directory: what it has, brought up to what the database says. Pure."""
    fields: Fields = {}
    for field, value in present.items():
        if field[:1] in (b"b", b"x"):
            fields[field.decode()] = value
    for row in devices:
        fields["i"] = bytes(row.identity_key)
        number = row.device
        if row.closed:
            fields[f"{CLOSED}{number}"] = 1
            continue
        fields[f"r{number}"] = row.registration_id
        for letter, least in (("h", row.head), ("c", row.cursor), ("f", row.floor)):
            fields[f"{letter}{number}"] = max(least, int(present.get(f"{letter}{number}".encode(), 0)))
        for letter in "en":
            if (kept := present.get(f"{letter}{number}".encode())) is not None:
                fields[f"{letter}{number}"] = kept
    return fields


async def users(connection: Any) -> AsyncIterator[tuple[UUID, list[DeviceRow]]]:
    """Every user who ever published keys, with all devices; rows are read as they are used."""
    async with connection.cursor(name="directory") as cursor:
        cursor.itersize = ROWS_AT_ONCE
        await cursor.execute(SELECT_DEVICES)
        held: list[DeviceRow] = []
        async for values in cursor:
            row = DeviceRow(*values)
            if held and held[0].user != row.user:
                yield held[0].user, held
                held = []
            held.append(row)
        if held:
            yield held[0].user, held


async def listed(log_client: Any) -> AsyncIterator[list[UUID]]:
    """The users of the directory, in batches. One may come twice."""
    batch: list[UUID] = []
    async for name in log_client.scan_iter(match="{*}:user:*", count=ROWS_AT_ONCE):
        batch.append(UUID(name.decode().rsplit(":", 1)[1]))
        if len(batch) >= ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


async def with_account(connection: Any, batch: Iterable[UUID]) -> set[UUID]:
    """Those of the users who have an account."""
    rows = await (await connection.execute(SELECT_ACCOUNTS, (list(batch),))).fetchall()
    return {user for (user,) in rows}


def by_user(rows: Iterable[tuple[UUID, int, int]]) -> list[tuple[UUID, list[tuple[int, int]]]]:
    """(user, device, number) rows, in order, grouped by user."""
    return [
        (user, [(device, number) for _, device, number in group])
        for user, group in groupby(rows, lambda row: row[0])
    ]
