"""Keys: publishing a device, its prekeys, and closing it."""

from collections.abc import Sequence
from typing import Any

from relay import accounts, closing, devices, prekeys, uploads
from relay.auth import login_sessions
from relay.database import Connection, transaction
from relay.http.calls import Call
from relay.projection import until_visible
from schema.clock import now_ms
from schema.events import Prekey
from schema.limits import KEY_WRITES, PREKEYS_WAITING
from schema.refusals import Refusal, invalid
from schema.signal import fingerprint
from schema.wire_http import (
    Available,
    DeviceEntry,
    KeysUpload,
    OwnKeys,
    PrekeysUpload,
    Published,
    SignedPrekeyChange,
)


async def publish(call: Call[KeysUpload]) -> Published:
    """The device becomes active; answered once everybody can see it. May be repeated."""
    parts, body = call.parts, call.body
    identity_key = uploads.identity(body.identity_key)
    signed_prekey = uploads.signed_prekey(body.signed_prekey, identity_key)
    offered = uploads.prekeys(body.prekeys)
    async with transaction(parts.waiting_database) as connection:
        await _still_in(connection, call)
        stored = await prekeys.stored(connection, call.user_id, call.device_id, offered)
        if body.replace and await parts.directory.identity(call.user_id, call.device_id) != identity_key:
            stored = uploads.without_waiting(stored)
        new = tuple(uploads.not_yet_stored(offered, stored))
        await _may_write(call, connection, new)
        published = await parts.directory.publish(
            call.user_id,
            call.device_id,
            identity_key,
            body.registration_id,
            signed_prekey,
            new,
            replace=body.replace,
            last_device=await accounts.last_device(connection, call.user_id),
            at=now_ms(),
        )
        # Both are of the account's whole past: a call whose commit failed is made good by the next.
        await login_sessions.end_of_devices(connection, call.user_id, published.closed)
        await login_sessions.end_of_replaced(
            connection, call.user_id, published.replacer, published.replaced_upto
        )
    parts.revocation.look_now()
    await until_visible(parts.database, published.position)
    return Published(call.device_id, fingerprint(identity_key))


async def set_signed_prekey(call: Call[SignedPrekeyChange]) -> None:
    """Exchanges this device's signed prekey. May be repeated."""
    directory = call.parts.directory
    identity_key = await _identity(call)
    signed_prekey = uploads.signed_prekey(call.body.signed_prekey, identity_key)
    async with transaction(call.parts.waiting_database) as connection:
        await _may_write(call, connection)
    position = await directory.set_signed_prekey(
        call.user_id, call.device_id, identity_key, signed_prekey, now_ms()
    )
    await until_visible(call.parts.database, position)


async def add_prekeys(call: Call[PrekeysUpload]) -> Available:
    """Adds one-time prekeys; an id that this device has used is refused: of two uploads that cross, to the
    one that is later in the log."""
    parts = call.parts
    identity_key = await _identity(call)
    offered: list[Prekey] = uploads.prekeys(call.body.prekeys)
    async with transaction(parts.waiting_database) as connection:
        stored = await prekeys.stored(connection, call.user_id, call.device_id, offered)
        new = tuple(uploads.unused(offered, stored))
        await _may_write(call, connection, new)
    position = await parts.directory.upload(call.user_id, call.device_id, identity_key, new, now_ms())
    await until_visible(parts.database, position, advice="GET /v1/keys will tell how many remain")
    async with transaction(parts.database) as connection:
        uploads.not_yet_stored(
            offered, await prekeys.stored(connection, call.user_id, call.device_id, offered)
        )
        counts = await prekeys.available(connection, call.user_id, [call.device_id])
    return Available(counts[call.device_id])


async def own_keys(call: Call[None]) -> OwnKeys:
    """What the relay has of this device, and the account's active devices."""
    async with transaction(call.parts.database) as connection:
        active = await devices.active(connection, call.user_id)
        counts = await prekeys.available(connection, call.user_id, [call.device_id])
    own = next((device for device in active if device.device_id == call.device_id), None)
    if own is None:
        raise _inactive()
    return OwnKeys(
        device_id=own.device_id,
        registration_id=own.registration_id,
        fingerprint=fingerprint(own.identity_key),
        signed_prekey_id=own.signed_prekey.id,
        available=counts[own.device_id],
        devices=[
            DeviceEntry(device.device_id, device.registration_id, device.device_id == own.device_id)
            for device in active
        ],
    )


async def close_device(call: Call[None]) -> None:
    """That device is closed: its mailbox, keys and login sessions go, its number is never used again."""
    parts = call.parts
    text = call.path["device_id"]
    device_id = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else 0
    async with transaction(parts.waiting_database) as connection:
        await _still_in(connection, call)
        position, ended = await closing.close_device(
            connection, parts.directory, call.user_id, device_id, now_ms()
        )
        if position is None and not ended:
            raise Refusal("not_found", "You have no such device.")
    parts.revocation.look_now()
    if position is not None:
        await until_visible(parts.database, position)


async def _may_write(call: Call[Any], connection: Connection, new: Sequence[Prekey] = ()) -> None:
    """Raises Refusal unavailable (the log is nearly full), rate_limited, or invalid (too many would wait)."""
    if (refusal := call.parts.pressure()) is not None:
        raise refusal
    await call.parts.limits.admit(KEY_WRITES, str(call.user_id), user=call.user_id)
    waiting = (await prekeys.available(connection, call.user_id, [call.device_id]))[call.device_id]
    if new and waiting + len(new) > PREKEYS_WAITING:
        raise invalid("$.prekeys", f"At most {PREKEYS_WAITING} prekeys may wait; {waiting} do.")


async def _still_in(connection: Connection, call: Call[KeysUpload] | Call[None]) -> None:
    """Takes its turn among the account's changes. Raises Refusal unauthorized if one ended this session."""
    await accounts.lock(connection, call.user_id)
    if not await login_sessions.is_live(connection, call.claims.session_id):
        raise Refusal("unauthorized", "The session has ended.")


async def _identity(call: Call[SignedPrekeyChange] | Call[PrekeysUpload]) -> bytes:
    identity_key = await call.parts.directory.identity(call.user_id, call.device_id)
    if identity_key is None:
        raise _inactive()
    return identity_key


def _inactive() -> Refusal:
    return Refusal("device_inactive", "This device has not published keys, or was closed.")
