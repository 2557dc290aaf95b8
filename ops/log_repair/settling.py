"""The end of a repair: prekeys are retired, streams go on behind the checkpoints, the pair gets a new id.

The order makes an interruption harmless. `keys.REPAIR` stands from the first write to the last, and keeps
everything from starting; what was done is done again with the same result when the command is run again.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID, uuid4

from redis.exceptions import ResponseError

from ops.log_repair.directory import by_user
from relay.identity.directory import Directory
from schema import keys
from schema.clock import now_ms
from schema.log_identity import EMPTY, Begin, Found, Place, read_end
from schema.prekeys import KINDS, Kind
from workers import log_gaps
from workers.positions import Position

SELECT_PREKEYS: Final = "SELECT user_id, device_id, prekey_id FROM {} ORDER BY user_id, device_id, prekey_id"
MARK_ALL_USED: Final = """
    INSERT INTO {} (user_id, device_id, prekey_id, taken_at)
    SELECT user_id, device_id, prekey_id, %s FROM {}
    ON CONFLICT DO NOTHING
"""
DELETE_PREKEYS: Final = "DELETE FROM {}"
WRITE_ID: Final = """
    INSERT INTO log_identity (log_id, settled) VALUES (%(id)s, true)
    ON CONFLICT (one) DO UPDATE SET log_id = %(id)s, settled = true
"""
TAKEN_AT_ONCE: Final = 100

Prekey = tuple[UUID, int, int, Kind]
"""User, device, id, kind."""


async def begin_repair(log_client: Any, name: str) -> None:
    """From here on nothing starts until `finish`."""
    await log_client.set(keys.REPAIR, name)


async def go_on_behind(
    log_client: Any, checkpoints: Mapping[int, Place], chosen: Collection[int], before: UUID | None
) -> None:
    """The next entry of each `chosen` partition gets a position after the database's checkpoint. `before`:
    the id of the log that was lost."""
    for partition in chosen:
        name, upto = keys.log(partition), checkpoints.get(partition, EMPTY)
        position = f"{upto[0]}-{upto[1]}"
        for group in keys.LOG_GROUPS:
            try:
                await log_client.xgroup_create(name, group, id=position, mkstream=True)
            except ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise
        if upto > await read_end(log_client, partition):
            await log_gaps.note(log_client, partition, Position(*upto), before)
            await log_client.execute_command("XSETID", name, position)


async def go_on_without(log_client: Any, found: Found, before: UUID | None) -> None:
    """Notes the gap where entries were trimmed that the database has not read."""
    for partition in found.unread:
        await log_gaps.note(log_client, partition, Position(*found.trimmed[partition]), before)


async def retire_prekeys(
    begin: Begin, log_client: Any, partitions: int, taken: Collection[Prekey] = ()
) -> None:
    """The log says of every one-time prekey of the database that it is taken; of those in `taken` it does
    already. So an older database that is restored later hands out none of them either."""
    directory, now = Directory(log_client, partitions), now_ms()
    for kind in KINDS:
        async with begin() as connection:
            rows = await (await connection.execute(SELECT_PREKEYS.format(kind.waiting))).fetchall()
        for user, prekeys in by_user(row for row in rows if (*row, kind) not in taken):
            for first in range(0, len(prekeys), TAKEN_AT_ONCE):
                await directory.take(user, prekeys[first : first + TAKEN_AT_ONCE], now, kind)


async def finish(begin: Begin, log_client: Any, partitions: int, last_devices: Mapping[UUID, int]) -> UUID:
    """Empties the prekeys and writes the new id into both servers, the database first."""
    log_id = uuid4()
    async with begin() as connection:
        for kind in KINDS:
            await connection.execute(MARK_ALL_USED.format(kind.used, kind.waiting), (now_ms(),))
            await connection.execute(DELETE_PREKEYS.format(kind.waiting))
        await connection.execute(WRITE_ID, {"id": log_id})
        await connection.execute(
            """
            UPDATE users SET last_device_id = seen.device
              FROM unnest(%s::uuid[], %s::integer[]) AS seen (user_id, device)
             WHERE users.user_id = seen.user_id AND users.last_device_id < seen.device
            """,
            (list(last_devices), list(last_devices.values())),
        )
    for partition in range(partitions):
        await log_client.set(keys.log_id(partition), str(log_id))
        await log_client.delete(keys.trimmed(partition))
    await log_client.set(keys.PARTITION_COUNT, partitions)
    await log_client.delete(keys.REPAIR)
    return log_id
