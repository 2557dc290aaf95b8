"""The log's entries: facts, in the past tense, about one user's mailboxes, identity, prekeys and blobs.

Each is written once, to the partition of the user it is about, and is never changed. An event is an array:
its tag, then its fields in this order. A later version must still read every entry: tags, places and meanings
are for ever, a new field comes last and has a default (`tests/schema/test_events.py` holds the golden bytes).
Nothing here is plaintext, a password, a token or a network address.

`seq` is not part of the encoded bytes: the accepting function numbers an entry after it was
encoded, so the number travels beside the bytes as the stream entry's own field.
"""

from typing import Any, Final, Literal, get_args
from uuid import UUID

import msgspec

EnvelopeKind = Literal["prekey", "message"]
IdentityChange = Literal["first", "added", "replaced"]


class Prekey(msgspec.Struct, frozen=True, array_like=True):
    """A one-time prekey: `id` ≥ 1, unique for ever within its device; `key` 33 bytes."""

    id: int
    key: bytes


class SignedPrekey(msgspec.Struct, frozen=True, array_like=True):
    """A signed prekey: `id` ≥ 1, `key` 33 bytes (a KEM prekey's: 1,569), `signature` 64 bytes (XEdDSA by the
    identity key)."""

    id: int
    key: bytes
    signature: bytes


class Event(msgspec.Struct, frozen=True, tag_field="t", kw_only=True, array_like=True, gc=False):
    """What every entry says: whose mailbox or identity (`user`, `device`) and when (`at`, ms)."""

    user: UUID
    device: int
    at: int


class EnvelopeAccepted(Event, frozen=True, tag="envelope.accepted", kw_only=True):
    """One ciphertext for one device was accepted; its mailbox number stands beside the entry."""

    id: UUID
    from_user: UUID
    from_device: int
    kind: EnvelopeKind
    body: bytes


class EnvelopesAcknowledged(Event, frozen=True, tag="envelopes.acknowledged", kw_only=True):
    """The device has stored everything up to and including the number beside the entry."""


class EnvelopesExpired(Event, frozen=True, tag="envelopes.expired", kw_only=True):
    """Everything up to and including the number beside the entry outlived its time; `count` were owed."""

    count: int


class IdentitySet(Event, frozen=True, tag="identity.set", kw_only=True):
    """The device became active under `identity_key`; `replaced` closed every other device. `kem_prekey`: its
    last-resort KEM prekey; without one the device keeps the one it has, unless its identity was replaced."""

    change: IdentityChange
    identity_key: bytes
    registration_id: int
    signed_prekey: SignedPrekey
    kem_prekey: SignedPrekey | None = None


class DeviceClosed(Event, frozen=True, tag="device.closed", kw_only=True):
    """The device is gone for good; its mailbox and prekeys go with it."""


class PrekeysUploaded(Event, frozen=True, tag="prekeys.uploaded", kw_only=True):
    """One-time prekeys were added. `identity`: the identity key that they belong to, the user's present one
    at this place of the log; empty in entries of earlier versions."""

    prekeys: tuple[Prekey, ...]
    identity: bytes = b""


class KemPrekeysUploaded(Event, frozen=True, tag="kem_prekeys.uploaded", kw_only=True):
    """One-time KEM prekeys were added; `identity` as in `PrekeysUploaded`."""

    prekeys: tuple[SignedPrekey, ...]
    identity: bytes = b""


class SignedPrekeySet(Event, frozen=True, tag="prekey.signed", kw_only=True):
    """The device's signed prekey was exchanged, and with `kem_prekey` its last-resort KEM prekey; `identity`
    as in `PrekeysUploaded`."""

    signed_prekey: SignedPrekey
    kem_prekey: SignedPrekey | None = None
    identity: bytes = b""


class PrekeyTaken(Event, frozen=True, tag="prekey.taken", kw_only=True):
    """A one-time prekey was handed out; it never is again."""

    prekey_id: int


class KemPrekeyTaken(Event, frozen=True, tag="kem_prekey.taken", kw_only=True):
    """A one-time KEM prekey was handed out; it never is again."""

    prekey_id: int


class BlobStored(Event, frozen=True, tag="blob.stored", kw_only=True):
    """A sealed file was stored whole: `blob` is the SHA-256 of its id, `digest` that of its `size` bytes,
    `until` (ms) its end. `device` uploaded its last byte. May be said twice."""

    blob: bytes
    digest: bytes
    size: int
    until: int


class BlobErased(Event, frozen=True, tag="blob.erased", kw_only=True):
    """A sealed file was given up, by its owner or for its age; `device` is 0 for retention. May be said
    twice, and of a file that was never stored whole."""

    blob: bytes
    digest: bytes
    size: int


class AccountDeleted(Event, frozen=True, tag="account.deleted", kw_only=True):
    """Every device, mailbox, key and the name went; `device` is the one that asked, 0 the operator."""


MailboxEvent = EnvelopeAccepted | EnvelopesAcknowledged | EnvelopesExpired
AccountEvent = (
    IdentitySet
    | DeviceClosed
    | PrekeysUploaded
    | KemPrekeysUploaded
    | SignedPrekeySet
    | PrekeyTaken
    | KemPrekeyTaken
    | AccountDeleted
)
BlobEvent = BlobStored | BlobErased
LogEvent = MailboxEvent | AccountEvent | BlobEvent


def _tags(union: Any) -> tuple[str, ...]:
    return tuple(str(kind.__struct_config__.tag) for kind in get_args(union))


KINDS: Final = _tags(LogEvent)
"""The tags of all entries."""
ACCOUNT_KINDS: Final = _tags(AccountEvent)
"""Of those that change an account, not only what waits in its mailboxes."""


class Refused(msgspec.Struct, frozen=True, tag="refused", tag_field="t", array_like=True):
    """An entry of the `limits` stream: `user` ran into `limit` at `at` (ms)."""

    user: UUID
    limit: str
    at: int
