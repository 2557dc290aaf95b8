"""Stories that a log can hold: what the directory refuses is left out, numbers are as it gives them."""

from typing import Any

import msgspec

from schema.events import (
    AccountDeleted,
    EnvelopeAccepted,
    EnvelopesAcknowledged,
    EnvelopesExpired,
    IdentityChange,
    IdentitySet,
    KemPrekeysUploaded,
    KemPrekeyTaken,
    LogEvent,
    PrekeysUploaded,
    PrekeyTaken,
    SignedPrekeySet,
)
from tests.workers.oracle import Oracle
from tests.workers.stories import Said


def legal(story: list[Said]) -> list[Said]:
    """The story as far as it can happen; no prekey id is uploaded twice, and none is handed out twice."""
    oracle, kept = Oracle(), []
    uploads = 100
    for event, seq in story:
        said = _allowed(oracle, event, seq)
        if said is None:
            continue
        if isinstance(said[0], PrekeysUploaded | KemPrekeysUploaded | SignedPrekeySet):
            said = _under_the_present_identity(oracle, said[0]), 0
        if isinstance(said[0], PrekeysUploaded | KemPrekeysUploaded):
            uploads += 1
            prekeys: Any = tuple(
                msgspec.structs.replace(one, id=uploads * 10 + one.id) for one in said[0].prekeys
            )
            said = msgspec.structs.replace(said[0], prekeys=prekeys), 0
        oracle.apply(*said)
        kept.append(said)
    return kept


def _allowed(oracle: Oracle, event: LogEvent, seq: int) -> Said | None:
    device = oracle.devices.get((event.user, event.device))
    is_active = device is not None and device["closed_at"] is None
    match event:
        case AccountDeleted():
            return event, seq
        case IdentitySet():
            change = _change(oracle, event)
            return (msgspec.structs.replace(event, change=change), 0) if is_active or device is None else None
        case PrekeyTaken(prekey_id=number) if (event.user, event.device, number) in oracle.used:
            return None
        case KemPrekeyTaken(prekey_id=number) if (event.user, event.device, number) in oracle.kem_used:
            return None
        case EnvelopeAccepted() if is_active:
            return event, _head(oracle, event) + 1
        case EnvelopesAcknowledged() | EnvelopesExpired() if is_active:
            return (event, seq) if 0 < seq <= _head(oracle, event) else None
        case _:
            return (event, seq) if is_active else None


def _change(oracle: Oracle, event: IdentitySet) -> IdentityChange:
    present = oracle.present(event.user)
    if not present:
        return "first"
    return "added" if present == [event.identity_key] else "replaced"


def _under_the_present_identity(
    oracle: Oracle, event: PrekeysUploaded | KemPrekeysUploaded | SignedPrekeySet
) -> LogEvent:
    """But that some come from a version that does not say it."""
    (present,) = oracle.present(event.user)
    return msgspec.structs.replace(event, identity=present if event.identity else b"")


def _head(oracle: Oracle, event: LogEvent) -> int:
    return oracle.mailboxes[event.user, event.device]["head"]
