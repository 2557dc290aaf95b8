"""The tables `one_time_prekeys` and `used_prekeys`, and a device's signed prekey.

Invariant: an id with a mark in `used_prekeys` is never offered again. The node that hands a prekey out
deletes it and sets the mark at once; the log tells it here a second time, which changes nothing.
"""

from typing import Any, Final

from workers.projector.facts import Device, Facts

MARK_USED: Final = """
    INSERT INTO used_prekeys (user_id, device_id, prekey_id, taken_at)
    SELECT user_id, device_id, prekey_id, taken_at
      FROM unnest(%(users)s::uuid[], %(devices)s::integer[], %(ids)s::integer[], %(at)s::bigint[])
           AS taken (user_id, device_id, prekey_id, taken_at)
      JOIN devices USING (user_id, device_id)
     WHERE closed_at IS NULL
    ON CONFLICT DO NOTHING
"""
DELETE_TAKEN: Final = """
    DELETE FROM one_time_prekeys AS prekey
     USING unnest(%(users)s::uuid[], %(devices)s::integer[], %(ids)s::integer[])
           AS taken (user_id, device_id, prekey_id)
     WHERE prekey.user_id = taken.user_id AND prekey.device_id = taken.device_id
       AND prekey.prekey_id = taken.prekey_id
"""
INSERT_UPLOADED: Final = """
    INSERT INTO one_time_prekeys (user_id, device_id, prekey_id, key)
    SELECT user_id, device_id, prekey_id, key
      FROM unnest(%(users)s::uuid[], %(devices)s::integer[], %(ids)s::integer[], %(keys)b::bytea[])
           AS new (user_id, device_id, prekey_id, key)
      JOIN devices USING (user_id, device_id)
     WHERE closed_at IS NULL
       AND NOT EXISTS (SELECT FROM used_prekeys AS used
                        WHERE used.user_id = new.user_id AND used.device_id = new.device_id
                          AND used.prekey_id = new.prekey_id)
    ON CONFLICT DO NOTHING
"""
SET_SIGNED: Final = """
    UPDATE devices SET signed_prekey_id = new.id, signed_prekey = new.key,
                       signed_prekey_signature = new.signature
      FROM unnest(%(users)s::uuid[], %(devices)s::integer[], %(ids)s::integer[], %(keys)b::bytea[],
                  %(signatures)b::bytea[]) AS new (user_id, device_id, id, key, signature)
     WHERE devices.user_id = new.user_id AND devices.device_id = new.device_id AND closed_at IS NULL
"""


async def write(connection: Any, devices: list[tuple[Device, Facts]]) -> None:
    """Writes what is new about the prekeys of `devices`."""
    taken = [(device, number, at) for device, facts in devices for number, at in facts.taken.items()]
    if taken:
        columns = {**_ids(taken), "at": [at for _, _, at in taken]}
        await connection.execute(MARK_USED, columns)
        await connection.execute(DELETE_TAKEN, columns)
    uploaded = [(device, number, key) for device, facts in devices for number, key in facts.uploaded.items()]
    if uploaded:
        columns = {**_ids(uploaded), "keys": [key for _, _, key in uploaded]}
        await connection.execute(INSERT_UPLOADED, columns)
    signed = [(device, facts.signed.id, facts.signed) for device, facts in devices if facts.signed]
    if signed:
        columns = {
            **_ids(signed),
            "keys": [prekey.key for _, _, prekey in signed],
            "signatures": [prekey.signature for _, _, prekey in signed],
        }
        await connection.execute(SET_SIGNED, columns)


def _ids(rows: list[tuple[Device, int, Any]]) -> dict[str, list[Any]]:
    return {
        "users": [user for (user, _), _, _ in rows],
        "devices": [device for (_, device), _, _ in rows],
        "ids": [number for _, number, _ in rows],
    }
