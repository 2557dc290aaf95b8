"""A naive projector: one entry, one transaction, no batches. It lets tests of the relay's HTTP side see what
they published without the worker; the worker's own tests hold it against oracles of their own."""

import asyncio
from typing import Any

import psycopg
from redis.asyncio import Redis

from schema import codec, keys
from schema.events import (
    AccountDeleted,
    BlobErased,
    BlobStored,
    DeviceClosed,
    IdentitySet,
    KemPrekeysUploaded,
    KemPrekeyTaken,
    LogEvent,
    PrekeysUploaded,
    PrekeyTaken,
    SignedPrekey,
    SignedPrekeySet,
)
from schema.signal import fingerprint

Connection = psycopg.AsyncConnection[Any]
OF_DEVICE = ("one_time_prekeys", "used_prekeys", "kem_prekeys", "used_kem_prekeys")


class NaiveProjector:
    """Reads every partition's log from the beginning, until cancelled."""

    def __init__(self, log_url: str, database_url: str, partitions: int) -> None:
        self._log_url = log_url
        self._database_url = database_url
        self._partitions = partitions

    async def run(self) -> None:
        positions: dict[str, Any] = {keys.log(p): "0" for p in range(self._partitions)}
        numbers = {keys.log(p).encode(): p for p in range(self._partitions)}
        async with (
            Redis.from_url(self._log_url) as log,
            await psycopg.AsyncConnection.connect(self._database_url, autocommit=True) as connection,
        ):
            while True:
                for name, entries in await log.xread(positions, block=200):
                    for position, fields in entries:
                        async with connection.transaction():
                            await _apply(connection, codec.decode_entry(fields)[0])
                            await _advance(connection, numbers[name], position.decode())
                        positions[name.decode()] = position
                await asyncio.sleep(0)


async def _advance(connection: Connection, partition: int, position: str) -> None:
    await connection.execute(
        "INSERT INTO checkpoints VALUES (%s, %s, %s)"
        " ON CONFLICT (consumer_group, partition) DO UPDATE SET position = excluded.position",
        (keys.PROJECTOR, partition, position),
    )


async def _apply(connection: Connection, event: LogEvent) -> None:  # noqa: C901 - a case per event
    match event:
        case IdentitySet():
            await _set_identity(connection, event)
        case DeviceClosed(user=user, device=device, at=at):
            await _close(connection, "device_id = %(device)s", {"user": user, "device": device, "at": at})
        case PrekeysUploaded(user=user, device=device, prekeys=prekeys):
            for prekey in prekeys:
                await connection.execute(
                    "INSERT INTO one_time_prekeys SELECT %(u)s, %(d)s, %(i)s, %(k)s WHERE NOT EXISTS"
                    " (SELECT 1 FROM used_prekeys"
                    " WHERE (user_id, device_id, prekey_id) = (%(u)s, %(d)s, %(i)s))"
                    " ON CONFLICT DO NOTHING",
                    {"u": user, "d": device, "i": prekey.id, "k": prekey.key},
                )
        case KemPrekeysUploaded(user=user, device=device, prekeys=kem_prekeys):
            for kem in kem_prekeys:
                await connection.execute(
                    "INSERT INTO kem_prekeys SELECT %(u)s, %(d)s, %(i)s, %(k)s, %(s)s WHERE NOT EXISTS"
                    " (SELECT 1 FROM used_kem_prekeys"
                    " WHERE (user_id, device_id, prekey_id) = (%(u)s, %(d)s, %(i)s))"
                    " ON CONFLICT DO NOTHING",
                    {"u": user, "d": device, "i": kem.id, "k": kem.key, "s": kem.signature},
                )
        case KemPrekeyTaken(user=user, device=device, prekey_id=number, at=at):
            await connection.execute(
                "DELETE FROM kem_prekeys WHERE (user_id, device_id, prekey_id) = (%s, %s, %s)",
                (user, device, number),
            )
            await connection.execute(
                "INSERT INTO used_kem_prekeys VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                (user, device, number, at),
            )
        case SignedPrekeySet(user=user, device=device, signed_prekey=signed, kem_prekey=last_resort):
            await _set_signed(connection, user, device, signed)
            await _set_last_resort(connection, user, device, last_resort)
        case PrekeyTaken(user=user, device=device, prekey_id=number, at=at):
            await connection.execute(
                "DELETE FROM one_time_prekeys WHERE (user_id, device_id, prekey_id) = (%s, %s, %s)",
                (user, device, number),
            )
            await connection.execute(
                "INSERT INTO used_prekeys VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                (user, device, number, at),
            )
        case BlobStored() | BlobErased():
            await _set_blob(connection, event)
        case AccountDeleted(user=user):
            await connection.execute("UPDATE blobs SET expires_at = 0 WHERE user_id = %s", (user,))
            for table in ("devices", "identities", *OF_DEVICE):
                await connection.execute(f"DELETE FROM {table} WHERE user_id = %s", (user,))


async def _set_blob(connection: Connection, event: BlobStored | BlobErased) -> None:
    values = {"at": event.at, "digest": event.digest, "blob": event.blob}
    if isinstance(event, BlobStored):
        columns = "stored_at = %(at)s, digest = %(digest)s, recorded = true"
    else:
        columns = "erased_at = %(at)s, erasing = true"
    await connection.execute(f"UPDATE blobs SET {columns} WHERE blob = %(blob)s", values)


async def _set_identity(connection: Connection, event: IdentitySet) -> None:
    arguments = {
        "user": event.user,
        "device": event.device,
        "at": event.at,
        "key": event.identity_key,
        "fingerprint": fingerprint(event.identity_key),
        "registration": event.registration_id,
        "id": event.signed_prekey.id,
        "signed": event.signed_prekey.key,
        "signature": event.signed_prekey.signature,
    }
    if event.change == "replaced":
        await connection.execute(
            "UPDATE identities SET until = %(at)s WHERE user_id = %(user)s AND until IS NULL", arguments
        )
        await _close(connection, "device_id <> %(device)s", arguments)
        await connection.execute("DELETE FROM one_time_prekeys WHERE user_id = %(user)s", arguments)
        await connection.execute("DELETE FROM kem_prekeys WHERE user_id = %(user)s", arguments)
        await connection.execute(
            "UPDATE devices SET kem_prekey_id = NULL WHERE user_id = %(user)s", arguments
        )
    await connection.execute(
        "INSERT INTO identities VALUES (%(user)s, %(key)s, %(fingerprint)s, %(at)s, NULL)"
        " ON CONFLICT (user_id, identity_key) DO UPDATE SET until = NULL",
        arguments,
    )
    await connection.execute(
        "INSERT INTO devices"
        " VALUES (%(user)s, %(device)s, %(registration)s, %(id)s, %(signed)s, %(signature)s, %(at)s, NULL)"
        " ON CONFLICT (user_id, device_id) DO UPDATE SET registration_id = %(registration)s,"
        " signed_prekey_id = %(id)s, signed_prekey = %(signed)s, signed_prekey_signature = %(signature)s",
        arguments,
    )
    await _set_last_resort(connection, event.user, event.device, event.kem_prekey)


async def _set_signed(connection: Connection, user: Any, device: int, signed: SignedPrekey) -> None:
    await connection.execute(
        "UPDATE devices SET signed_prekey_id = %s, signed_prekey = %s, signed_prekey_signature = %s"
        " WHERE user_id = %s AND device_id = %s",
        (signed.id, signed.key, signed.signature, user, device),
    )


async def _set_last_resort(
    connection: Connection, user: Any, device: int, last_resort: SignedPrekey | None
) -> None:
    if last_resort is not None:
        await connection.execute(
            "UPDATE devices SET kem_prekey_id = %s, kem_prekey = %s, kem_prekey_signature = %s"
            " WHERE user_id = %s AND device_id = %s",
            (last_resort.id, last_resort.key, last_resort.signature, user, device),
        )


async def _close(connection: Connection, which: str, arguments: dict[str, Any]) -> None:
    await connection.execute(
        f"UPDATE devices SET closed_at = %(at)s WHERE user_id = %(user)s AND closed_at IS NULL AND {which}",
        arguments,
    )
    for table in OF_DEVICE:
        await connection.execute(f"DELETE FROM {table} WHERE user_id = %(user)s AND {which}", arguments)
