"""Devices, as the projection has them."""

from typing import Final, NamedTuple
from uuid import UUID

from relay.database import Connection
from schema.wire_http import SignedPrekeyOut

SELECT_ACTIVE: Final = """
    SELECT device_id, registration_id, identity_key,
           signed_prekey_id, signed_prekey, signed_prekey_signature,
           kem_prekey_id, kem_prekey, kem_prekey_signature
      FROM devices JOIN identities USING (user_id)
     WHERE user_id = %s AND closed_at IS NULL AND until IS NULL
     ORDER BY device_id
"""

SELECT_HISTORY: Final = """
    SELECT device_id, activated_at, closed_at, head - greatest(cursor, floor)
      FROM devices LEFT JOIN mailboxes USING (user_id, device_id)
     WHERE user_id = %s
     ORDER BY device_id
"""


class Known(NamedTuple):
    """A device that ever had keys: since when (ms), until when if it is closed, how many envelopes wait."""

    device_id: int
    activated_at: int
    closed_at: int | None
    owed: int | None


class Device(NamedTuple):
    """One active device; `identity_key` is the account's, the same for all its devices, `kem_prekey` the last
    resort, None if it published none."""

    device_id: int
    registration_id: int
    identity_key: bytes
    signed_prekey: SignedPrekeyOut
    kem_prekey: SignedPrekeyOut | None


async def active(connection: Connection, user: UUID) -> list[Device]:
    """The user's active devices, by number, as of one moment."""
    rows = await (await connection.execute(SELECT_ACTIVE, (user,))).fetchall()
    return [
        Device(device, registration, bytes(identity), _signed(signed), _signed(kem) if kem[0] else None)
        for device, registration, identity, signed, kem in ((*row[:3], row[3:6], row[6:]) for row in rows)
    ]


async def history(connection: Connection, user: UUID) -> list[Known]:
    """Every device of the user that ever had keys, by number."""
    rows = await (await connection.execute(SELECT_HISTORY, (user,))).fetchall()
    return [Known(*row) for row in rows]


def _signed(columns: tuple[int, bytes, bytes]) -> SignedPrekeyOut:
    number, key, signature = columns
    return SignedPrekeyOut(number, bytes(key), bytes(signature))
