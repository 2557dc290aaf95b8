"""The tables `devices` and `identities`, and what goes with a device or an account.

Invariant: a closed device is closed for good, and nothing that is said of it later changes anything:
its mailbox, its envelopes and its prekeys are gone. A user has one present identity (`until` is null).

Invariant: a device that was added under another identity than the present one is passed over: the entry that
replaced the identity was set aside, and its retry projects the device, too.
"""

from collections.abc import Iterable
from typing import Any, Final

from schema.events import AccountDeleted, DeviceClosed, IdentitySet, LogEvent
from schema.prekeys import KINDS
from schema.signal import fingerprint
from workers.projector import prekeys

CLOSE: Final = """
    UPDATE devices SET closed_at = gone.at
      FROM unnest(%(users)s::uuid[], %(devices)s::integer[], %(at)s::bigint[])
           AS gone (user_id, device_id, at)
     WHERE devices.user_id = gone.user_id AND devices.device_id = gone.device_id AND closed_at IS NULL
"""
CLOSE_OTHERS: Final = """
    UPDATE devices SET closed_at = gone.at
      FROM unnest(%(users)s::uuid[], %(devices)s::integer[], %(at)s::bigint[])
           AS gone (user_id, device_id, at)
     WHERE devices.user_id = gone.user_id AND devices.device_id <> gone.device_id AND closed_at IS NULL
"""
_GONE: Final = "unnest(%(users)s::uuid[], %(devices)s::integer[]) AS gone (user_id, device_id)"
WAITING: Final = tuple(kind.waiting for kind in KINDS)
OF_A_DEVICE: Final = ("mailboxes", "envelopes", *WAITING)
DELETE_OF_DEVICE: Final = tuple(
    f"DELETE FROM {table} USING {_GONE} "  # noqa: S608 - the table names stand above
    f"WHERE {table}.user_id = gone.user_id AND {table}.device_id = gone.device_id"
    for table in OF_A_DEVICE
)
DELETE_OF_OTHERS: Final = tuple(
    f"DELETE FROM {table} USING {_GONE} "  # noqa: S608
    f"WHERE {table}.user_id = gone.user_id AND {table}.device_id <> gone.device_id"
    for table in ("mailboxes", "envelopes")
)
DELETE_PREKEYS_OF_ALL: Final = tuple(
    f"DELETE FROM {table} AS prekey USING {_GONE} WHERE prekey.user_id = gone.user_id"  # noqa: S608
    for table in WAITING
)
"""Whoever replaces an identity has lost what belonged to the old one: no prekey of it is handed out."""
CLEAR_LAST_RESORT: Final = f"""
    UPDATE devices SET kem_prekey_id = NULL, kem_prekey = NULL, kem_prekey_signature = NULL
      FROM {_GONE}
     WHERE devices.user_id = gone.user_id AND devices.device_id = gone.device_id AND closed_at IS NULL
"""  # noqa: S608
OF_A_USER: Final = (
    *("envelopes", "mailboxes", "devices", "identities"),
    *(table for kind in KINDS for table in (kind.waiting, kind.used)),
)
DELETE_OF_USER: Final = tuple(
    f"DELETE FROM {table} WHERE user_id = ANY(%s::uuid[])"  # noqa: S608
    for table in OF_A_USER
)

END_OTHER_IDENTITIES: Final = """
    UPDATE identities SET until = new.at
      FROM unnest(%(users)s::uuid[], %(keys)b::bytea[], %(at)s::bigint[]) AS new (user_id, identity_key, at)
     WHERE identities.user_id = new.user_id AND identities.identity_key <> new.identity_key AND until IS NULL
"""
RETURN_TO_IDENTITY: Final = """
    UPDATE identities SET until = NULL
      FROM unnest(%(users)s::uuid[], %(keys)b::bytea[]) AS new (user_id, identity_key)
     WHERE identities.user_id = new.user_id AND identities.identity_key = new.identity_key
       AND until IS NOT NULL
"""
INSERT_IDENTITIES: Final = """
    INSERT INTO identities (user_id, identity_key, fingerprint, since)
    SELECT user_id, identity_key, fingerprint, at
      FROM unnest(%(users)s::uuid[], %(keys)b::bytea[], %(fingerprints)s::text[], %(at)s::bigint[],
                  %(added)s::boolean[]) AS new (user_id, identity_key, fingerprint, at, added)
     WHERE NOT (added AND EXISTS (SELECT FROM identities AS present
                                   WHERE present.user_id = new.user_id AND until IS NULL))
    ON CONFLICT DO NOTHING
"""
UPSERT_DEVICES: Final = """
    INSERT INTO devices (user_id, device_id, registration_id, signed_prekey_id, signed_prekey,
                         signed_prekey_signature, activated_at)
    SELECT user_id, device_id, registration_id, id, key, signature, at
      FROM unnest(%(users)s::uuid[], %(devices)s::integer[], %(registrations)s::integer[],
                  %(signed_ids)s::integer[], %(signed_keys)b::bytea[], %(signatures)b::bytea[],
                  %(at)s::bigint[], %(keys)b::bytea[], %(added)s::boolean[])
           AS new (user_id, device_id, registration_id, id, key, signature, at, identity_key, added)
     WHERE NOT added OR EXISTS (SELECT FROM identities AS present
                                 WHERE present.user_id = new.user_id AND until IS NULL
                                   AND present.identity_key = new.identity_key)
    ON CONFLICT (user_id, device_id) DO UPDATE
       SET registration_id = excluded.registration_id, signed_prekey_id = excluded.signed_prekey_id,
           signed_prekey = excluded.signed_prekey,
           signed_prekey_signature = excluded.signed_prekey_signature
     WHERE devices.closed_at IS NULL
"""
OPEN_MAILBOXES: Final = """
    INSERT INTO mailboxes (user_id, device_id)
    SELECT user_id, device_id
      FROM unnest(%(users)s::uuid[], %(devices)s::integer[]) AS new (user_id, device_id)
      JOIN devices USING (user_id, device_id)
     WHERE closed_at IS NULL
    ON CONFLICT DO NOTHING
"""


async def change(connection: Any, changes: Iterable[LogEvent]) -> None:
    """Writes changes of different users (at most one of each)."""
    changes = sorted(changes, key=lambda event: event.user)
    deleted = [event for event in changes if isinstance(event, AccountDeleted)]
    closed = [event for event in changes if isinstance(event, DeviceClosed)]
    published = [event for event in changes if isinstance(event, IdentitySet)]
    replaced = [event for event in published if event.change == "replaced"]
    if deleted:
        for statement in DELETE_OF_USER:
            await connection.execute(statement, ([event.user for event in deleted],))
    if closed:
        for statement in (CLOSE, *DELETE_OF_DEVICE):
            await connection.execute(statement, _columns(closed))
    if replaced:
        for statement in (CLOSE_OTHERS, *DELETE_OF_OTHERS, *DELETE_PREKEYS_OF_ALL, CLEAR_LAST_RESORT):
            await connection.execute(statement, _columns(replaced))
        for statement in (END_OTHER_IDENTITIES, RETURN_TO_IDENTITY):
            await connection.execute(statement, _identity_columns(replaced))
    if published:
        for statement in (INSERT_IDENTITIES, UPSERT_DEVICES, OPEN_MAILBOXES):
            await connection.execute(statement, _identity_columns(published))
        last_resorts = [
            ((event.user, event.device), event.identity_key, event.kem_prekey)
            for event in published
            if event.kem_prekey is not None
        ]
        if last_resorts:
            await connection.execute(prekeys.SET_LAST_RESORT, prekeys.signed_columns(last_resorts))


def _columns(events: Iterable[LogEvent]) -> dict[str, list[Any]]:
    events = list(events)
    return {
        "users": [event.user for event in events],
        "devices": [event.device for event in events],
        "at": [event.at for event in events],
    }


def _identity_columns(events: list[IdentitySet]) -> dict[str, list[Any]]:
    return {
        **_columns(events),
        "keys": [event.identity_key for event in events],
        "fingerprints": [fingerprint(event.identity_key) for event in events],
        "registrations": [event.registration_id for event in events],
        "signed_ids": [event.signed_prekey.id for event in events],
        "signed_keys": [event.signed_prekey.key for event in events],
        "signatures": [event.signed_prekey.signature for event in events],
        "added": [event.change == "added" for event in events],
    }
