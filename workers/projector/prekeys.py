"""The tables of one-time prekeys of every kind, and a device's signed and last-resort prekeys.

Invariant: an id with a mark in the table of used ones is never offered again. The node that hands a prekey
out deletes it and sets the mark at once; the log tells it here a second time, which changes nothing.

Invariant: what the tables hold belongs to the user's present identity. Prekeys of an identity that is not
projected (its entry was set aside) are passed over; the retry of that entry projects them, too.
"""

from typing import Any, Final

from schema.events import SignedPrekey
from schema.prekeys import KINDS, Kind
from workers.projector.facts import Device, Facts

_DEVICES: Final = "%(users)s::uuid[], %(devices)s::integer[], %(ids)s::integer[]"
_IS_PRESENT: Final = """
    (identity = '' OR EXISTS (SELECT FROM identities
                               WHERE identities.user_id = new.user_id AND identity_key = identity
                                 AND until IS NULL))
"""


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
      FROM unnest({_DEVICES}, {values}, %(identities)b::bytea[]) AS new ({columns}, identity)
      JOIN devices USING (user_id, device_id)
     WHERE closed_at IS NULL
       AND {_IS_PRESENT}
       AND NOT EXISTS (SELECT FROM {kind.used} AS used
                        WHERE used.user_id = new.user_id AND used.device_id = new.device_id
                          AND used.prekey_id = new.prekey_id)
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - as above


MARK_USED: Final = {kind: _mark_used(kind) for kind in KINDS}
DELETE_TAKEN: Final = {kind: _delete_taken(kind) for kind in KINDS}
INSERT_UPLOADED: Final = {kind: _insert_uploaded(kind) for kind in KINDS}
_NEWEST: Final = f"""
    (SELECT DISTINCT ON (user_id, device_id) *
       FROM unnest({_DEVICES}, %(keys)b::bytea[], %(signatures)b::bytea[], %(identities)b::bytea[])
            WITH ORDINALITY AS new (user_id, device_id, id, key, signature, identity, place)
      WHERE {_IS_PRESENT}
      ORDER BY user_id, device_id, place DESC) AS newest
"""  # noqa: S608 - as above
SET_SIGNED: Final = f"""
    UPDATE devices SET signed_prekey_id = newest.id, signed_prekey = newest.key,
                       signed_prekey_signature = newest.signature
      FROM {_NEWEST}
     WHERE devices.user_id = newest.user_id AND devices.device_id = newest.device_id AND closed_at IS NULL
"""  # noqa: S608 - as above
SET_LAST_RESORT: Final = f"""
    UPDATE devices SET kem_prekey_id = newest.id, kem_prekey = newest.key,
                       kem_prekey_signature = newest.signature
      FROM {_NEWEST}
     WHERE devices.user_id = newest.user_id AND devices.device_id = newest.device_id AND closed_at IS NULL
"""  # noqa: S608 - as above


async def write(connection: Any, devices: list[tuple[Device, Facts]]) -> None:
    """Writes what is new about the prekeys of `devices`."""
    for kind in KINDS:
        await _write_one_time(connection, kind, devices)
    for statement, field in ((SET_SIGNED, "signed"), (SET_LAST_RESORT, "last_resort")):
        rows = [
            (device, identity, prekey)
            for device, facts in devices
            for identity, prekey in getattr(facts, field).items()
        ]
        if rows:
            await connection.execute(statement, signed_columns(rows))


async def _write_one_time(connection: Any, kind: Kind, devices: list[tuple[Device, Facts]]) -> None:
    news = [(device, facts.one_time(kind)) for device, facts in devices]
    taken = [(device, number, at) for device, of_kind in news for number, at in of_kind.taken.items()]
    if taken:
        columns = {**_ids(taken), "at": [at for _, _, at in taken]}
        await connection.execute(MARK_USED[kind], columns)
        await connection.execute(DELETE_TAKEN[kind], columns)
    uploaded = [
        (device, identity, one) for device, of_kind in news for (identity, _), one in of_kind.uploaded.items()
    ]
    if uploaded:
        keys = {name: [getattr(prekey, name) for _, _, prekey in uploaded] for name in kind.columns}
        await connection.execute(INSERT_UPLOADED[kind], {**_of_identities(uploaded), **keys})


def signed_columns(rows: list[tuple[Device, bytes, SignedPrekey]]) -> dict[str, list[Any]]:
    """The parameters of SET_SIGNED and SET_LAST_RESORT: of each device the identity key and the prekey, the
    newest last."""
    return {
        **_of_identities(rows),
        "keys": [prekey.key for _, _, prekey in rows],
        "signatures": [prekey.signature for _, _, prekey in rows],
    }


def _of_identities(rows: list[tuple[Device, bytes, Any]]) -> dict[str, list[Any]]:
    ids = _ids([(device, prekey.id, prekey) for device, _, prekey in rows])
    return {**ids, "identities": [identity for _, identity, _ in rows]}


def _ids(rows: list[tuple[Device, int, Any]]) -> dict[str, list[Any]]:
    return {
        "users": [user for (user, _), _, _ in rows],
        "devices": [device for (_, device), _, _ in rows],
        "ids": [number for _, number, _ in rows],
    }
