"""The tables of one-time prekeys of every kind, and a device's signed and last-resort prekeys.

Invariant: an id with a mark in the table of used ones is never offered again. The node that hands a prekey
out deletes it and sets the mark at once; the log tells it here a second time, which changes nothing.
"""

from typing import Any, Final

from schema.prekeys import KINDS, Kind
from workers.projector.facts import Device, Facts

_DEVICES: Final = "%(users)s::uuid[], %(devices)s::integer[], %(ids)s::integer[]"


def _mark_used(kind: Kind) -> str:
    return f"""
    INSERT INTO {kind.used} (user_id, device_id, prekey_id, taken_at)
    SELECT user_id, device_id, prekey_id, taken_at
      FROM unnest({_DEVICES}, %(at)s::bigint[]) AS taken (user_id, device_id, prekey_id, taken_at)
      JOIN devices USING (user_id, device_id)
     WHERE closed_at IS NULL
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - the names stand in `schema.prekeys`


def _delete_taken(kind: Kind) -> str:
    return f"""
    DELETE FROM {kind.waiting} AS prekey
     USING unnest({_DEVICES}) AS taken (user_id, device_id, prekey_id)
     WHERE prekey.user_id = taken.user_id AND prekey.device_id = taken.device_id
       AND prekey.prekey_id = taken.prekey_id
"""  # noqa: S608 - as above


def _insert_uploaded(kind: Kind) -> str:
    columns = f"user_id, device_id, prekey_id, {', '.join(kind.columns)}"
    values = ", ".join(f"%({column})b::bytea[]" for column in kind.columns)
    return f"""
    INSERT INTO {kind.waiting} ({columns})
    SELECT {columns}
      FROM unnest({_DEVICES}, {values}) AS new ({columns})
      JOIN devices USING (user_id, device_id)
     WHERE closed_at IS NULL
       AND NOT EXISTS (SELECT FROM {kind.used} AS used
                        WHERE used.user_id = new.user_id AND used.device_id = new.device_id
                          AND used.prekey_id = new.prekey_id)
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - as above


MARK_USED: Final = {kind: _mark_used(kind) for kind in KINDS}
DELETE_TAKEN: Final = {kind: _delete_taken(kind) for kind in KINDS}
INSERT_UPLOADED: Final = {kind: _insert_uploaded(kind) for kind in KINDS}
SET_SIGNED: Final = f"""
    UPDATE devices SET signed_prekey_id = new.id, signed_prekey = new.key,
                       signed_prekey_signature = new.signature
      FROM unnest({_DEVICES}, %(keys)b::bytea[], %(signatures)b::bytea[])
           AS new (user_id, device_id, id, key, signature)
     WHERE devices.user_id = new.user_id AND devices.device_id = new.device_id AND closed_at IS NULL
"""  # noqa: S608 - as above
SET_LAST_RESORT: Final = f"""
    UPDATE devices SET kem_prekey_id = new.id, kem_prekey = new.key, kem_prekey_signature = new.signature
      FROM unnest({_DEVICES}, %(keys)b::bytea[], %(signatures)b::bytea[])
           AS new (user_id, device_id, id, key, signature)
     WHERE devices.user_id = new.user_id AND devices.device_id = new.device_id AND closed_at IS NULL
"""  # noqa: S608 - as above


async def write(connection: Any, devices: list[tuple[Device, Facts]]) -> None:
    """Writes what is new about the prekeys of `devices`."""
    for kind in KINDS:
        await _write_one_time(connection, kind, devices)
    for statement, field in ((SET_SIGNED, "signed"), (SET_LAST_RESORT, "last_resort")):
        found = [(device, getattr(facts, field)) for device, facts in devices]
        rows = [(device, prekey.id, prekey) for device, prekey in found if prekey is not None]
        if rows:
            await connection.execute(statement, signed_columns(rows))


async def _write_one_time(connection: Any, kind: Kind, devices: list[tuple[Device, Facts]]) -> None:
    news = [(device, facts.one_time(kind)) for device, facts in devices]
    taken = [(device, number, at) for device, of_kind in news for number, at in of_kind.taken.items()]
    if taken:
        columns = {**_ids(taken), "at": [at for _, _, at in taken]}
        await connection.execute(MARK_USED[kind], columns)
        await connection.execute(DELETE_TAKEN[kind], columns)
    uploaded = [(device, number, one) for device, of_kind in news for number, one in of_kind.uploaded.items()]
    if uploaded:
        keys = {name: [getattr(prekey, name) for _, _, prekey in uploaded] for name in kind.columns}
        await connection.execute(INSERT_UPLOADED[kind], {**_ids(uploaded), **keys})


def signed_columns(rows: list[tuple[Device, int, Any]]) -> dict[str, list[Any]]:
    """The parameters of SET_SIGNED and SET_LAST_RESORT: of each device the id and the prekey."""
    return {
        **_ids(rows),
        "keys": [prekey.key for _, _, prekey in rows],
        "signatures": [prekey.signature for _, _, prekey in rows],
    }


def _ids(rows: list[tuple[Device, int, Any]]) -> dict[str, list[Any]]:
    return {
        "users": [user for (user, _), _, _ in rows],
        "devices": [device for (_, device), _, _ in rows],
        "ids": [number for _, number, _ in rows],
    }
