"""The HTTP contract's shapes: bodies and answers of `/v1`, JSON, binary as standard base64.

`relay/http/openapi.py` generates the published document from these types; nothing is written twice.
"""

from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from schema.limits import KEM_PREKEYS_PER_CALL, PREKEYS_PER_CALL
from schema.signal import KEM_KEY_BYTES

USERNAME_PATTERN: Final = "^[A-Za-z0-9_]{3,32}$"

Username = Annotated[str, Meta(pattern=USERNAME_PATTERN, min_length=3, max_length=32)]
Password = Annotated[str, Meta(min_length=10, max_length=256)]
DeviceId = Annotated[int, Meta(ge=1, le=2**31 - 1)]
RegistrationId = Annotated[int, Meta(ge=0, le=2**31 - 1)]
PrekeyId = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Key = Annotated[bytes, Meta(min_length=33, max_length=33)]
KemKey = Annotated[bytes, Meta(min_length=KEM_KEY_BYTES, max_length=KEM_KEY_BYTES)]
Signature = Annotated[bytes, Meta(min_length=64, max_length=64)]


class Body(msgspec.Struct, frozen=True):
    """A request body; unknown members are ignored, as a newer client may send them."""


class Registration(Body, frozen=True):
    """`POST /v1/accounts`."""

    username: Username
    password: Password


class LogIn(Body, frozen=True):
    """`POST /v1/sessions`: user name and password, or a grant alone. With `device_id` the session is for that
    device of the account; a grant is always for a new one."""

    username: Annotated[str, Meta(max_length=64)] | None = None
    password: Annotated[str, Meta(max_length=256)] | None = None
    device_id: DeviceId | None = None
    grant: Annotated[str, Meta(max_length=256)] | None = None


class Refresh(Body, frozen=True):
    """`POST /v1/sessions/refresh`."""

    refresh_token: Annotated[str, Meta(max_length=256)]


class PasswordChange(Body, frozen=True):
    """`PUT /v1/account/password`."""

    password: Annotated[str, Meta(max_length=256)]
    new_password: Password


class AccountDeletion(Body, frozen=True):
    """`DELETE /v1/account`."""

    password: Annotated[str, Meta(max_length=256)]


class GrantRequest(Body, frozen=True):
    """`POST /v1/devices/grants`."""

    password: Annotated[str, Meta(max_length=256)]


class LinkBody(Body, frozen=True):
    """`PUT /v1/links/{link_id}`; 8 KiB at most."""

    body: bytes


class PrekeyUpload(Body, frozen=True):
    """A one-time prekey; `key` 33 bytes."""

    id: PrekeyId
    key: Key


class SignedPrekeyUpload(Body, frozen=True):
    """A signed prekey; `signature` is the identity key's, over the 33 bytes of `key`."""

    id: PrekeyId
    key: Key
    signature: Signature


class KemPrekeyUpload(Body, frozen=True):
    """A KEM prekey; `key` 0x08 and a Kyber-1024 key, `signature` the identity key's, over all 1,569 bytes."""

    id: PrekeyId
    key: KemKey
    signature: Signature


class KeysUpload(Body, frozen=True):
    """`PUT /v1/keys`: makes this device active. `kem_prekey` is the last resort, handed out again and again
    when no one-time KEM prekey is left; `kem_prekeys` are handed out once each, and need one."""

    registration_id: RegistrationId
    identity_key: Key
    signed_prekey: SignedPrekeyUpload
    prekeys: Annotated[list[PrekeyUpload], Meta(max_length=PREKEYS_PER_CALL)] = []
    kem_prekey: KemPrekeyUpload | None = None
    kem_prekeys: Annotated[list[KemPrekeyUpload], Meta(max_length=KEM_PREKEYS_PER_CALL)] = []
    replace: bool = False


class SignedPrekeyChange(Body, frozen=True):
    """`PUT /v1/keys/signed`; without `kem_prekey` the device keeps its last resort."""

    signed_prekey: SignedPrekeyUpload
    kem_prekey: KemPrekeyUpload | None = None


class PrekeysUpload(Body, frozen=True):
    """`POST /v1/keys/prekeys`."""

    prekeys: Annotated[list[PrekeyUpload], Meta(min_length=1, max_length=PREKEYS_PER_CALL)]


class KemPrekeysUpload(Body, frozen=True):
    """`POST /v1/keys/kem`: one-time ones."""

    prekeys: Annotated[list[KemPrekeyUpload], Meta(min_length=1, max_length=KEM_PREKEYS_PER_CALL)]


class Session(msgspec.Struct, frozen=True):
    """What a registration, log-in or refresh answers; times in ms since the epoch."""

    user_id: UUID
    device_id: int
    session_id: UUID
    access_token: str
    access_expires_at: int
    refresh_token: str
    refresh_expires_at: int


class SessionEntry(msgspec.Struct, frozen=True):
    """One row of `GET /v1/sessions`."""

    session_id: UUID
    device_id: int
    created_at: int
    last_used_at: int
    current: bool


class Published(msgspec.Struct, frozen=True):
    """What `PUT /v1/keys` answers."""

    device_id: int
    fingerprint: str


class Available(msgspec.Struct, frozen=True):
    """How many one-time prekeys remain, of the kind that was uploaded."""

    available: int


class DeviceEntry(msgspec.Struct, frozen=True):
    """One active device of one's own account."""

    device_id: int
    registration_id: int
    current: bool


class OwnKeys(msgspec.Struct, frozen=True):
    """What `GET /v1/keys` answers; `kem_prekey_id` is the last resort's, null if none was published."""

    device_id: int
    registration_id: int
    fingerprint: str
    signed_prekey_id: int
    available: int
    kem_prekey_id: int | None
    kem_available: int
    devices: list[DeviceEntry]


class Contact(msgspec.Struct, frozen=True):
    """What a contact look-up answers."""

    user_id: UUID
    username: str
    identity_key: bytes


class PrekeyOut(msgspec.Struct, frozen=True):
    """A one-time prekey as handed out."""

    id: int
    key: bytes


class SignedPrekeyOut(msgspec.Struct, frozen=True):
    """A signed prekey, or a KEM prekey, as handed out."""

    id: int
    key: bytes
    signature: bytes


class BundleDevice(msgspec.Struct, frozen=True):
    """One device of a bundle. `prekey` is null when none is left; `kem_prekey` is a one-time one while there
    are some, else the last resort, and null when the device published none."""

    device_id: int
    registration_id: int
    signed_prekey: SignedPrekeyOut
    prekey: PrekeyOut | None
    kem_prekey: SignedPrekeyOut | None


class Bundle(msgspec.Struct, frozen=True):
    """What a bundle fetch answers."""

    user_id: UUID
    username: str
    identity_key: bytes
    devices: list[BundleDevice]


class Link(msgspec.Struct, frozen=True):
    """A link mailbox; `expires_at` in ms."""

    link_id: str
    expires_at: int


class LinkLetter(msgspec.Struct, frozen=True):
    """The letter in a link mailbox; null until the first was written."""

    body: bytes | None


class Grant(msgspec.Struct, frozen=True):
    """By which a new device logs in, once; `expires_at` in ms."""

    grant: str
    expires_at: int


class ReceiptKey(msgspec.Struct, frozen=True):
    """An Ed25519 key that signs receipts: `kid` 16 hex digits, `key` 32 bytes, made at `from` (ms)."""

    kid: str
    key: bytes
    since: int = msgspec.field(name="from")


class Health(msgspec.Struct, frozen=True):
    """What `/healthz` and `/readyz` answer; `down` names the parts that are away, `log_unsafe` why the log
    can lose accepted messages, `warning` why sends are refused or will be soon."""

    ok: bool
    down: list[str] = []
    log_unsafe: list[str] | msgspec.UnsetType = msgspec.UNSET
    warning: str | msgspec.UnsetType = msgspec.UNSET


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457. `retry_after_ms` where waiting helps, `path` names a member that is not valid, `identity_key`
    comes with `identity_changed`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    retry_after_ms: int | None = None
    path: str | None = None
    identity_key: bytes | None = None
