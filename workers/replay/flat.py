"""A record as one flat row, for JSON lines and Parquet: nothing nested, no ciphertext, no key material but
identities.

The columns are for ever; a new one comes last and is empty where an older event does not say it.
"""

from uuid import UUID

import msgspec

from schema.events import (
    BlobErased,
    BlobStored,
    EnvelopeAccepted,
    EnvelopesExpired,
    IdentitySet,
    KemPrekeysUploaded,
    KemPrekeyTaken,
    PrekeysUploaded,
    PrekeyTaken,
    SignedPrekeySet,
)
from workers.replay.records import Record


class Flat(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. `logged_at` by the log's clock, `at` by the node's (ms); `digest`: SHA-256 of the body, or
    of a file's bytes, hex; `prekeys`, `kem_prekeys`: how many were uploaded; `kem_prekey`: the id of the one
    that was taken, or of a new last resort; `blob`: the SHA-256 of a file's id."""

    partition: int
    position: str
    logged_at: int
    event: str
    user: str
    device: int
    at: int
    seq: int | None = None
    id: str | None = None
    from_user: str | None = None
    from_device: int | None = None
    kind: str | None = None
    size: int | None = None
    digest: str | None = None
    count: int | None = None
    change: str | None = None
    identity_key: str | None = None
    registration_id: int | None = None
    signed_prekey: int | None = None
    prekeys: int | None = None
    prekey: int | None = None
    kem_prekeys: int | None = None
    kem_prekey: int | None = None
    blob: str | None = None


def flat(record: Record) -> Flat:
    """The record's row."""
    event = record.event
    about: dict[str, object] = {}
    match event:
        case EnvelopeAccepted():
            about = {
                "id": str(event.id),
                "from_user": str(event.from_user),
                "from_device": event.from_device,
                "kind": event.kind,
                "size": len(event.body) if record.digest is None else None,
                "digest": record.body_digest().hex(),
            }
        case EnvelopesExpired():
            about = {"count": event.count}
        case IdentitySet():
            about = {
                "change": event.change,
                "identity_key": event.identity_key.hex(),
                "registration_id": event.registration_id,
                "signed_prekey": event.signed_prekey.id,
                "kem_prekey": None if event.kem_prekey is None else event.kem_prekey.id,
            }
        case SignedPrekeySet():
            about = {
                "signed_prekey": event.signed_prekey.id,
                "kem_prekey": None if event.kem_prekey is None else event.kem_prekey.id,
            }
        case PrekeysUploaded():
            about = {"prekeys": len(event.prekeys)}
        case PrekeyTaken():
            about = {"prekey": event.prekey_id}
        case KemPrekeysUploaded():
            about = {"kem_prekeys": len(event.prekeys)}
        case KemPrekeyTaken():
            about = {"kem_prekey": event.prekey_id}
        case BlobStored() | BlobErased():
            about = {"blob": event.blob.hex(), "digest": event.digest.hex(), "size": event.size}
        case _:
            pass
    return Flat(
        partition=record.partition, position=str(record.position), logged_at=record.position.ms,
        event=kind_of(record), user=str(event.user), device=event.device, at=event.at, seq=record.seq,
        **about,  # type: ignore[arg-type]
    )  # fmt: skip


def kind_of(record: Record) -> str:
    """The event's tag, as the log has it."""
    tag = record.event.__struct_config__.tag
    assert isinstance(tag, str)
    return tag


class Filter(msgspec.Struct, frozen=True):
    """The filter: entries of a user (the mailbox's, or the sender), of some kinds; empty means all."""

    user: UUID | None = None
    kinds: tuple[str, ...] = ()

    def passes(self, record: Record) -> bool:
        """Whether it is."""
        if self.kinds and kind_of(record) not in self.kinds:
            return False
        event = record.event
        sender = event.from_user if isinstance(event, EnvelopeAccepted) else None
        return self.user is None or self.user in (event.user, sender)
