"""The directory: each user's identity, active devices and mailbox numbers, in the log's own slot.

Invariant: the directory and the log change together, in one function; the directory is the truth
about who is active, the tables `devices` and `identities` follow it. A device number that was closed
is never active again.
"""

from typing import Any, Final, NamedTuple
from uuid import UUID

from redis.exceptions import ResponseError

from relay.log.replies import Position
from schema import codec, functions, keys
from schema.events import (
    AccountDeleted,
    BlobErased,
    BlobStored,
    DeviceClosed,
    IdentityChange,
    IdentitySet,
    KemPrekeysUploaded,
    Prekey,
    PrekeysUploaded,
    SignedPrekey,
    SignedPrekeySet,
)
from schema.limits import DEVICES_ACTIVE
from schema.log_identity import ANOTHER_LOG, AnotherLog
from schema.partitions import partition_of
from schema.prekeys import EC, Kind
from schema.refusals import Refusal, invalid

CHANGES: Final[tuple[IdentityChange, ...]] = ("first", "added", "replaced")


class Published(NamedTuple):
    """A device became active; `closed`: every device of the account that was ever closed. The last time
    that the identity was replaced, `replacer` ended every other device up to the number `replaced_upto`,
    whether it had keys or not (0 and 0 when it never was)."""

    position: Position
    change: IdentityChange
    closed: list[int]
    replacer: int
    replaced_upto: int


class Directory:
    """The functions of one log. They raise the client library's errors when the log is away; each may
    be called again with the same arguments when its outcome is unknown."""

    def __init__(self, log_client: Any, partitions: int, log_id: UUID | None = None) -> None:
        """`log_id`: the log that it must be; with None, whichever it is."""
        self._log = log_client
        self._partitions = partitions
        self._log_id = "" if log_id is None else str(log_id)

    async def identity(self, user: UUID, device: int) -> bytes | None:
        """The account's identity key, or None when the device is not active."""
        name = keys.user(partition_of(user, self._partitions), user)
        registration, identity = await self._log.hmget(name, [f"r{device}", "i"])
        return None if registration is None else identity

    async def publish(
        self,
        user: UUID,
        device: int,
        identity_key: bytes,
        registration_id: int,
        signed_prekey: SignedPrekey,
        prekeys: tuple[Prekey, ...],
        *,
        kem_prekey: SignedPrekey | None = None,
        kem_prekeys: tuple[SignedPrekey, ...] = (),
        replace: bool,
        last_device: int,
        at: int,
    ) -> Published:
        """Makes the device active; `last_device` is the highest number the account has given out and
        `kem_prekey` the last resort.

        Raises Refusal identity_conflict, unauthorized for a closed device, or invalid (too many are active).
        """
        events = [
            codec.encode(
                IdentitySet(
                    user=user,
                    device=device,
                    at=at,
                    change=change,
                    identity_key=identity_key,
                    registration_id=registration_id,
                    signed_prekey=signed_prekey,
                    kem_prekey=kem_prekey,
                )
            )
            for change in CHANGES
        ]
        uploads: tuple[PrekeysUploaded | KemPrekeysUploaded, ...] = (
            PrekeysUploaded(user=user, device=device, at=at, prekeys=prekeys, identity=identity_key),
            KemPrekeysUploaded(user=user, device=device, at=at, prekeys=kem_prekeys, identity=identity_key),
        )
        events += [codec.encode(uploaded) if uploaded.prekeys else b"" for uploaded in uploads]
        arguments = [
            device,
            identity_key,
            registration_id,
            int(replace),
            *events,
            last_device,
            DEVICES_ACTIVE,
        ]
        closed = self._closed(user)
        reply = await self._call("publish_identity", user, arguments, closed)
        match reply[0]:
            case b"ok":
                return Published(
                    self._position(user, reply[1]), reply[2].decode(), reply[5:], reply[3], reply[4]
                )
            case b"conflict":
                raise Refusal("identity_conflict", "The account has another identity key.")
            case b"many":
                raise invalid("$", f"At most {DEVICES_ACTIVE} devices of an account are active.")
            case _:
                raise Refusal("unauthorized", "This device was closed; log in again for a new one.")

    async def close(self, user: UUID, device: int, at: int) -> Position | None:
        """Closes the device; None when it was closed before. Raises Refusal not_found."""
        event = codec.encode(DeviceClosed(user=user, device=device, at=at))
        reply = await self._call("close_device", user, [device, event], self._closed(user))
        if reply[0] == b"unknown":
            raise Refusal("not_found", "You have no such device.")
        return self._position(user, reply[1]) if reply[0] == b"ok" else None

    async def upload(
        self,
        user: UUID,
        device: int,
        identity_key: bytes,
        prekeys: tuple[Prekey, ...] | tuple[SignedPrekey, ...],
        at: int,
        kind: Kind = EC,
    ) -> Position:
        """Records further one-time prekeys of that kind. Raises Refusal device_inactive."""
        event: Any = kind.uploaded(
            user=user,
            device=device,
            at=at,
            prekeys=prekeys,  # type: ignore[arg-type]
            identity=identity_key,
        )
        return await self._append(event)

    async def set_signed_prekey(
        self,
        user: UUID,
        device: int,
        identity_key: bytes,
        signed_prekey: SignedPrekey,
        at: int,
        kem_prekey: SignedPrekey | None = None,
    ) -> Position:
        """Records a new signed prekey, and a new last-resort KEM prekey. Raises Refusal device_inactive."""
        event = SignedPrekeySet(
            user=user,
            device=device,
            at=at,
            signed_prekey=signed_prekey,
            kem_prekey=kem_prekey,
            identity=identity_key,
        )
        return await self._append(event)

    async def take(
        self, user: UUID, prekeys: list[tuple[int, int]], at: int, kind: Kind = EC
    ) -> list[bool | None]:
        """For each (device, prekey id): whether it is the caller's to hand out, which is recorded on disk;
        None when the device is not active (any more)."""
        partition = partition_of(user, self._partitions)
        arguments: list[Any] = []
        for device, number in prekeys:
            event = kind.taken(user=user, device=device, at=at, prekey_id=number)
            arguments += [device, f"{user}:{device}:{kind.mark}{number}", codec.encode(event)]
        replies = await self._call("take_prekeys", user, arguments, keys.taken(partition))
        return [None if reply < 0 else reply == 1 for reply in replies]

    async def delete(self, user: UUID, device: int, at: int) -> Position:
        """Forgets the account, and has what the log holds of it erased."""
        event = codec.encode(AccountDeleted(user=user, device=device, at=at))
        deleted = keys.deleted(partition_of(user, self._partitions))
        names = deleted, self._closed(user)
        return self._position(user, await self._call("delete_account", user, [event, str(user)], *names))

    async def record(self, event: BlobStored | BlobErased) -> Position:
        """Appends what happened to a blob; the caller holds its user's account locked, if there is one."""
        return self._position(event.user, await self._call("record", event.user, [codec.encode(event)]))

    async def _append(self, event: PrekeysUploaded | KemPrekeysUploaded | SignedPrekeySet) -> Position:
        arguments = [event.device, event.identity, codec.encode(event)]
        reply = await self._call("append", event.user, arguments)
        if reply is None:
            raise Refusal("device_inactive", "This device is not active.")
        return self._position(event.user, reply)

    async def _call(self, function: str, user: UUID, arguments: list[Any], *further: str) -> Any:
        partition = partition_of(user, self._partitions)
        names = [keys.log(partition), keys.user(partition, user), *further, keys.log_id(partition)]
        try:
            return await functions.call(self._log, "relay", function, names, [*arguments, self._log_id])
        except ResponseError as error:
            if str(error).startswith(ANOTHER_LOG):
                raise AnotherLog(str(error)) from error
            raise

    def _closed(self, user: UUID) -> str:
        return keys.closed(partition_of(user, self._partitions), user)

    def _position(self, user: UUID, entry: bytes) -> Position:
        return Position(partition_of(user, self._partitions), entry)
