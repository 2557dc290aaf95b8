"""One-time prekeys: stored until taken, handed out once, their ids never used again.

Invariant: a prekey leaves `one_time_prekeys` in the same transaction that marks its id as used, and is
handed out only when the log has recorded, on disk, that it was this taker's.
"""

from typing import Final
from uuid import UUID

from relay.database import Connection
from relay.directory import Directory
from schema.events import Prekey
from schema.wire_http import PrekeyOut

TAKE: Final = """
    WITH picked AS (
        SELECT device_id, prekey_id
          FROM unnest(%(devices)s::integer[]) AS wanted (device_id)
         CROSS JOIN LATERAL (
               SELECT prekey_id FROM one_time_prekeys AS one
                WHERE one.user_id = %(user)s AND one.device_id = wanted.device_id
                ORDER BY prekey_id
                LIMIT 1
                  FOR UPDATE SKIP LOCKED) AS first
    ), taken AS (
        DELETE FROM one_time_prekeys AS one USING picked
         WHERE one.user_id = %(user)s
           AND one.device_id = picked.device_id AND one.prekey_id = picked.prekey_id
        RETURNING one.device_id, one.prekey_id, one.key
    ), marked AS (
        INSERT INTO used_prekeys (user_id, device_id, prekey_id, taken_at)
        SELECT %(user)s, device_id, prekey_id, %(now)s FROM taken
        ON CONFLICT DO NOTHING
    )
    SELECT device_id, prekey_id, key FROM taken
"""
COUNT: Final = """
    SELECT device_id, count(*) FROM one_time_prekeys
     WHERE user_id = %(user)s AND device_id = ANY(%(devices)s) GROUP BY device_id
"""
SELECT_STORED: Final = """
    SELECT prekey_id, key FROM one_time_prekeys
     WHERE user_id = %(user)s AND device_id = %(device)s AND prekey_id = ANY(%(ids)s)
    UNION ALL
    SELECT prekey_id, NULL FROM used_prekeys
     WHERE user_id = %(user)s AND device_id = %(device)s AND prekey_id = ANY(%(ids)s)
"""


async def take(
    connection: Connection, directory: Directory, user: UUID, devices: list[int], now: int
) -> dict[int, PrekeyOut]:
    """One prekey for each of the user's devices that is still active and has one left, recorded in the log.

    The caller commits; if it cannot, the prekeys are lost, never handed out again.
    """
    handed: dict[int, PrekeyOut] = {}
    closed: set[int] = set()
    while wanting := [device for device in devices if device not in handed and device not in closed]:
        arguments = {"user": user, "devices": wanting, "now": now}
        rows = await (await connection.execute(TAKE, arguments)).fetchall()
        if not rows:
            break
        mine = await directory.take(user, [(device, number) for device, number, _ in rows], now)
        for (device, number, key), is_mine in zip(rows, mine, strict=True):
            if is_mine:
                handed[device] = PrekeyOut(number, bytes(key))
            elif is_mine is None:
                closed.add(device)
    return handed


async def available(connection: Connection, user: UUID, devices: list[int]) -> dict[int, int]:
    """How many prekeys remain, per device."""
    rows = await (await connection.execute(COUNT, {"user": user, "devices": devices})).fetchall()
    return dict.fromkeys(devices, 0) | dict(rows)


async def stored(
    connection: Connection, user: UUID, device: int, prekeys: list[Prekey]
) -> dict[int, bytes | None]:
    """Which of these ids the device has used before: id → the key that waits, or None once taken."""
    arguments = {"user": user, "device": device, "ids": [prekey.id for prekey in prekeys]}
    rows = await (await connection.execute(SELECT_STORED, arguments)).fetchall()
    return {number: None if key is None else bytes(key) for number, key in rows}
