"""One-time prekeys of every kind: stored until taken, handed out once, their ids never used again.

Invariant: a prekey leaves the table of those that wait in the same transaction that marks its id as used,
and is handed out only when the log has recorded, on disk, that it was this taker's. It is handed out under
the identity key that it was published with, never under another.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from relay.database import Connection
from relay.identity.directory import Directory
from schema.events import Prekey, SignedPrekey
from schema.limits import KEM_PREKEYS_LOW, PREKEYS_LOW
from schema.prekeys import EC, KEM, KINDS, Kind
from schema.wire_http import Contact

Key = tuple[Any, ...]
"""A prekey as it is handed out: its id, and the columns of its kind."""


def _take(kind: Kind) -> str:
    return f"""
    WITH picked AS (
        SELECT device_id, prekey_id
          FROM identities
         CROSS JOIN unnest(%(devices)s::integer[]) AS wanted (device_id)
         CROSS JOIN LATERAL (
               SELECT prekey_id FROM {kind.waiting} AS one
                WHERE one.user_id = %(user)s AND one.device_id = wanted.device_id
                ORDER BY prekey_id
                LIMIT 1
                  FOR UPDATE SKIP LOCKED) AS first
         WHERE user_id = %(user)s AND identity_key = %(identity)s AND until IS NULL
    ), taken AS (
        DELETE FROM {kind.waiting} AS one USING picked
         WHERE one.user_id = %(user)s
           AND one.device_id = picked.device_id AND one.prekey_id = picked.prekey_id
        RETURNING one.*
    ), marked AS (
        INSERT INTO {kind.used} (user_id, device_id, prekey_id, taken_at)
        SELECT %(user)s, device_id, prekey_id, %(now)s FROM taken
        ON CONFLICT DO NOTHING
    )
    SELECT device_id, prekey_id, {", ".join(kind.columns)} FROM taken
"""  # noqa: S608 - the names stand in `schema.prekeys`


def _select_stored(kind: Kind) -> str:
    of_ids = "WHERE user_id = %(user)s AND device_id = %(device)s AND {} = ANY(%(ids)s)"
    one_time, last_resort = of_ids.format("prekey_id"), of_ids.format("kem_prekey_id")
    return f"""
    SELECT prekey_id, key FROM {kind.waiting} {one_time}
    UNION ALL
    SELECT prekey_id, NULL FROM {kind.used} {one_time}
    {f"UNION ALL SELECT kem_prekey_id, kem_prekey FROM devices {last_resort}" if kind is KEM else ""}
"""  # noqa: S608 - as above


TAKE: Final = {kind: _take(kind) for kind in KINDS}
SELECT_STORED: Final = {kind: _select_stored(kind) for kind in KINDS}
"""The last resort has its id among those of the one-time KEM prekeys (Signal: one space per device)."""
COUNT: Final = f"""
    SELECT device_id, {
    ", ".join(
        f"(SELECT count(*) FROM {kind.waiting} AS one"
        f" WHERE one.user_id = devices.user_id AND one.device_id = devices.device_id)"
        for kind in KINDS
    )
}, kem_prekey_id IS NOT NULL
      FROM devices
     WHERE user_id = %(user)s AND device_id = ANY(%(devices)s)
"""  # noqa: S608 - as above


class Remaining(NamedTuple):
    """How many one-time prekeys of a device remain. `has_kem`: it published KEM prekeys."""

    available: int = 0
    kem_available: int = 0
    has_kem: bool = False

    def of(self, kind: Kind) -> int:
        """How many of that kind."""
        return self.available if kind is EC else self.kem_available

    @property
    def few_kem(self) -> int | None:
        """How many KEM prekeys remain, if those are few and the device has any use for them."""
        return self.kem_available if self.has_kem and self.kem_available < KEM_PREKEYS_LOW else None

    @property
    def low(self) -> bool:
        """Whether the device is to be told."""
        return self.available < PREKEYS_LOW or self.few_kem is not None


def low_notice(available: int, few_kem: int | None) -> dict[str, int]:
    """The payload of `prekeys.low`."""
    return {"available": available} if few_kem is None else {"available": available, "kem_available": few_kem}


async def take(
    connection: Connection, directory: Directory, kind: Kind, of: Contact, devices: list[int], now: int
) -> dict[int, Key]:
    """One prekey for each of the user's devices that is still active and has one left, recorded in the log;
    none once the user has another identity key than `of`.

    The caller commits; if it cannot, the prekeys are lost, never handed out again.
    """
    handed: dict[int, Key] = {}
    closed: set[int] = set()
    while wanting := [device for device in devices if device not in handed and device not in closed]:
        arguments = {
            "user": of.user_id,
            "identity": of.identity_key,
            "devices": wanting,
            "now": now,
        }
        rows = await (await connection.execute(TAKE[kind], arguments)).fetchall()
        if not rows:
            break
        mine = await directory.take(of.user_id, [(device, number) for device, number, *_ in rows], now, kind)
        for (device, number, *key), is_mine in zip(rows, mine, strict=True):
            if is_mine:
                handed[device] = (number, *(bytes(part) for part in key))
            elif is_mine is None:
                closed.add(device)
    return handed


async def remaining(connection: Connection, user: UUID, devices: list[int]) -> dict[int, Remaining]:
    """How many prekeys remain, per device."""
    rows = await (await connection.execute(COUNT, {"user": user, "devices": devices})).fetchall()
    return dict.fromkeys(devices, Remaining()) | {device: Remaining(*counts) for device, *counts in rows}


async def stored(
    connection: Connection, kind: Kind, user: UUID, device: int, prekeys: Sequence[Prekey | SignedPrekey]
) -> dict[int, bytes | None]:
    """Which of these ids the device has used before: id → the key that waits, or None once taken."""
    arguments = {"user": user, "device": device, "ids": [prekey.id for prekey in prekeys]}
    rows = await (await connection.execute(SELECT_STORED[kind], arguments)).fetchall()
    return {number: None if key is None else bytes(key) for number, key in rows}
