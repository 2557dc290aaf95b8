"""Keys: publishing a device, its prekeys, and closing it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from relay.auth import login_sessions
from relay.database import Connection, transaction
from relay.http.calls import Call
from relay.identity import accounts, closing, devices, prekeys, uploads
from relay.log.projection import until_visible
from schema.clock import now_ms
from schema.events import Prekey, SignedPrekey
from schema.limits import KEY_WRITES
from schema.prekeys import EC, KEM, Kind
from schema.refusals import Refusal, invalid
from schema.signal import fingerprint
from schema.wire_http import (
    Available,
    DeviceEntry,
    KemPrekeysUpload,
    KeysUpload,
    OwnKeys,
    PrekeysUpload,
    Published,
    SignedPrekeyChange,
)


class New(NamedTuple):
    """Prekeys of a call that are to be stored, and where they stand in it."""

    kind: Kind
    path: str
    prekeys: Sequence[Prekey | SignedPrekey]


async def publish(call: Call[KeysUpload]) -> Published:
    """The device becomes active; answered once everybody can see it. May be repeated."""
    services, body = call.services, call.body
    await _admit(call)
    identity_key = uploads.identity(body.identity_key)
    signed_prekey = uploads.signed_prekey(body.signed_prekey, identity_key)
    offered = uploads.prekeys(body.prekeys)
    last_resort = uploads.kem_prekey(body.kem_prekey, identity_key)
    offered_kem = uploads.kem_prekeys(body.kem_prekeys, identity_key, "$.kem_prekeys", last_resort)
    async with transaction(services.waiting_database) as connection:
        await _still_in(connection, call)
        stored = await prekeys.stored(connection, EC, call.user_id, call.device_id, offered)
        stored_kem = await prekeys.stored(connection, KEM, call.user_id, call.device_id, offered_kem)
        if body.replace and await services.directory.identity(call.user_id, call.device_id) != identity_key:
            stored, stored_kem = uploads.without_waiting(stored), uploads.without_waiting(stored_kem)
        new = tuple(uploads.not_yet_stored(offered, stored))
        new_kem = tuple(uploads.not_yet_stored(offered_kem, stored_kem, "$.kem_prekeys"))
        await _check_room(call, connection, New(EC, "$.prekeys", new), New(KEM, "$.kem_prekeys", new_kem))
        published = await services.directory.publish(
            call.user_id,
            call.device_id,
            identity_key,
            body.registration_id,
            signed_prekey,
            new,
            kem_prekey=last_resort,
            kem_prekeys=new_kem,
            replace=body.replace,
            last_device=await accounts.last_device(connection, call.user_id),
            at=now_ms(),
        )
        # Both are of the account's whole past: a call whose commit failed is made good by the next.
        await login_sessions.end_of_devices(connection, call.user_id, published.closed)
        await login_sessions.end_of_replaced(
            connection, call.user_id, published.replacer, published.replaced_upto
        )
    services.revocation.look_now()
    await until_visible(services.database, published.position)
    return Published(call.device_id, fingerprint(identity_key))


async def set_signed_prekey(call: Call[SignedPrekeyChange]) -> None:
    """Exchanges this device's signed prekey, and its last-resort KEM prekey if the call has one. May be
    repeated."""
    directory = call.services.directory
    identity_key = await _identity(call)
    await _admit(call)
    signed_prekey = uploads.signed_prekey(call.body.signed_prekey, identity_key)
    last_resort = uploads.kem_prekey(call.body.kem_prekey, identity_key)
    position = await directory.set_signed_prekey(
        call.user_id, call.device_id, identity_key, signed_prekey, now_ms(), last_resort
    )
    await until_visible(call.services.database, position)


async def add_prekeys(call: Call[PrekeysUpload]) -> Available:
    """Adds one-time prekeys; an id that this device has used is refused: of two uploads that cross, to the
    one that is later in the log."""
    identity_key = await _identity(call)
    await _admit(call)
    return await _add(call, EC, identity_key, uploads.prekeys(call.body.prekeys))


async def add_kem_prekeys(call: Call[KemPrekeysUpload]) -> Available:
    """Adds one-time KEM prekeys, as `add_prekeys` does."""
    identity_key = await _identity(call)
    await _admit(call)
    async with transaction(call.services.database) as connection:
        own = await _own(connection, call)
    offered = uploads.kem_prekeys(call.body.prekeys, identity_key, "$.prekeys", own.kem_prekey)
    return await _add(call, KEM, identity_key, offered)


async def _add(
    call: Call[Any], kind: Kind, identity_key: bytes, offered: list[uploads.AnyPrekey]
) -> Available:
    services, user, device = call.services, call.user_id, call.device_id
    async with transaction(services.waiting_database) as connection:
        new = uploads.unused(offered, await prekeys.stored(connection, kind, user, device, offered))
        await _check_room(call, connection, New(kind, "$.prekeys", new))
    position = await services.directory.upload(user, device, identity_key, tuple(new), now_ms(), kind)
    await until_visible(services.database, position, advice="GET /v1/keys will tell how many remain")
    async with transaction(services.database) as connection:
        uploads.not_yet_stored(offered, await prekeys.stored(connection, kind, user, device, offered))
        left = (await prekeys.remaining(connection, user, [device]))[device]
    return Available(left.of(kind))


async def own_keys(call: Call[None]) -> OwnKeys:
    """What the relay has of this device, and the account's active devices."""
    async with transaction(call.services.database) as connection:
        active = await devices.active(connection, call.user_id)
        own = _own_of(active, call)
        left = (await prekeys.remaining(connection, call.user_id, [own.device_id]))[own.device_id]
    return OwnKeys(
        device_id=own.device_id,
        registration_id=own.registration_id,
        fingerprint=fingerprint(own.identity_key),
        signed_prekey_id=own.signed_prekey.id,
        available=left.available,
        kem_prekey_id=None if own.kem_prekey is None else own.kem_prekey.id,
        kem_available=left.kem_available,
        devices=[
            DeviceEntry(device.device_id, device.registration_id, device.device_id == own.device_id)
            for device in active
        ],
    )


async def close_device(call: Call[None]) -> None:
    """That device is closed: its mailbox, keys and login sessions go, its number is never used again."""
    services = call.services
    text = call.path["device_id"]
    device_id = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else 0
    async with transaction(services.waiting_database) as connection:
        await _still_in(connection, call)
        position, ended = await closing.close_device(
            connection, services.directory, call.user_id, device_id, now_ms()
        )
        if position is None and not ended:
            raise Refusal("not_found", "You have no such device.")
    services.revocation.look_now()
    if position is not None:
        await until_visible(services.database, position)


async def _admit(call: Call[Any]) -> None:
    """Before signatures are verified, which costs a node half a millisecond each. Raises Refusal unavailable
    (the log is nearly full), or rate_limited."""
    if (refusal := call.services.pressure()) is not None:
        raise refusal
    await call.services.limits.admit(KEY_WRITES, str(call.user_id), user=call.user_id)


async def _check_room(call: Call[Any], connection: Connection, *news: New) -> None:
    """Raises Refusal invalid: too many would wait."""
    left = (await prekeys.remaining(connection, call.user_id, [call.device_id]))[call.device_id]
    for new in news:
        kind, waiting = new.kind, left.of(new.kind)
        if new.prekeys and waiting + len(new.prekeys) > kind.most:
            raise invalid(new.path, f"At most {kind.most} {kind.noun}s may wait; {waiting} do.")


async def _still_in(connection: Connection, call: Call[KeysUpload] | Call[None]) -> None:
    """Takes its turn among the account's changes. Raises Refusal unauthorized if one ended this session."""
    await accounts.lock(connection, call.user_id)
    if not await login_sessions.is_live(connection, call.claims.session_id):
        raise Refusal("unauthorized", "The session has ended.")


async def _own(connection: Connection, call: Call[Any]) -> devices.Device:
    """The caller's device. Raises Refusal device_inactive."""
    return _own_of(await devices.active(connection, call.user_id), call)


def _own_of(active: list[devices.Device], call: Call[Any]) -> devices.Device:
    own = next((device for device in active if device.device_id == call.device_id), None)
    if own is None:
        raise _inactive()
    return own


async def _identity(call: Call[Any]) -> bytes:
    identity_key = await call.services.directory.identity(call.user_id, call.device_id)
    if identity_key is None:
        raise _inactive()
    return identity_key


def _inactive() -> Refusal:
    return Refusal("device_inactive", "This device has not published keys, or was closed.")
