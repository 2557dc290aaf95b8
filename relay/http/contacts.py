"""Contacts and bundles: whom one may write to, and with which keys."""

from contextlib import suppress
from typing import Final
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from relay.database import transaction
from relay.http.calls import Call
from relay.identity import contacts, devices, prekeys
from relay.services import NodeServices
from schema import functions, inbox, keys
from schema.clock import now_ms
from schema.limits import BUNDLES, BUNDLES_PER_TARGET, LOOKUPS
from schema.prekeys import EC, KEM
from schema.refusals import invalid
from schema.wire_http import Bundle, BundleDevice, Contact, PrekeyOut, SignedPrekeyOut

log = structlog.get_logger(__name__)

DEVICES_ASKED: Final = 1000


async def look_up(call: Call[None]) -> Contact:
    """Who is behind a contact code; takes no prekey."""
    await call.services.limits.admit(LOOKUPS, str(call.user_id), user=call.user_id)
    async with transaction(call.services.database) as connection:
        return await contacts.find(connection, call.path["username"], call.path["fingerprint"])


async def bundle(call: Call[None]) -> Bundle:
    """What is needed to open sessions with a user's devices; takes a one-time prekey of each kind of each."""
    services = call.services
    wanted = _wanted(call.query)
    await services.limits.admit(BUNDLES, str(call.user_id), user=call.user_id)
    async with transaction(services.database) as connection:
        contact = await contacts.find(connection, call.path["username"], call.path["fingerprint"])
    target = f"{call.user_id}:{contact.user_id}"
    await services.limits.spend(BUNDLES_PER_TARGET, target, user=call.user_id)
    async with transaction(services.waiting_database) as connection:
        active = [
            device
            for device in await devices.active(connection, contact.user_id)
            if wanted is None or device.device_id in wanted
        ]
        if active and active[0].identity_key != contact.identity_key:
            raise contacts.changed(active[0].identity_key)  # in this very moment
        numbers = [device.device_id for device in active]
        handed, kem_handed = [
            await prekeys.take(connection, services.directory, kind, contact, numbers, now_ms())
            for kind in (EC, KEM)
        ]
        left = await prekeys.remaining(connection, contact.user_id, numbers)
        await contacts.confirm(connection, contact)
    for device_id, remaining in left.items():
        if remaining.low:
            await _tell_low(services, contact.user_id, device_id, remaining)
    return Bundle(
        user_id=contact.user_id,
        username=contact.username,
        identity_key=contact.identity_key,
        devices=[
            BundleDevice(
                device.device_id,
                device.registration_id,
                device.signed_prekey,
                prekey=PrekeyOut(*key) if (key := handed.get(device.device_id)) else None,
                kem_prekey=(
                    SignedPrekeyOut(*key) if (key := kem_handed.get(device.device_id)) else device.kem_prekey
                ),
            )
            for device in active
        ],
    )


def _wanted(query: dict[str, str]) -> set[int] | None:
    """The device numbers asked for, or None for all. Raises Refusal invalid."""
    if "devices" not in query:
        return None
    numbers = query["devices"].split(",")
    well_formed = all(number.isascii() and number.isdigit() and len(number) <= 10 for number in numbers)
    if not well_formed or len(numbers) > DEVICES_ASKED:
        raise invalid("$.devices", "Device numbers, separated by commas.")
    return {int(number) for number in numbers}


async def _tell_low(services: NodeServices, user: UUID, device_id: int, left: prekeys.Remaining) -> None:
    counts = inbox.low_value(left.available, left.few_kem)
    with suppress(RedisError, OSError):  # a hint; the device is also told when it comes
        await functions.call(services.board, "relay", "low", [keys.NODES], [str(user), device_id, counts])
