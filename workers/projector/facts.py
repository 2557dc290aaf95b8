"""The fold of a round's facts: per device, what is new about its mailbox and its prekeys. Pure.

An envelope is put down only while it is owed; numbers only grow; a one-time prekey that was taken is
taken for ever, whether the taking or the upload is seen first.
"""

from uuid import UUID

import msgspec

from schema.events import (
    EnvelopeAccepted,
    EnvelopesAcknowledged,
    EnvelopesExpired,
    LogEvent,
    PrekeysUploaded,
    PrekeyTaken,
    SignedPrekey,
    SignedPrekeySet,
)
from workers.batches import Entry

Device = tuple[UUID, int]


class Owed(msgspec.Struct, frozen=True):
    """An envelope to be kept, and when the log took it (ms by the log's clock)."""

    event: EnvelopeAccepted
    logged_at: int


class Facts(msgspec.Struct):
    """One device's news: `head`, `cursor` and `floor` are 0 where nothing was said of them."""

    head: int = 0
    cursor: int = 0
    floor: int = 0
    envelopes: dict[int, Owed] = {}
    uploaded: dict[int, bytes] = {}
    taken: dict[int, int] = {}
    signed: SignedPrekey | None = None

    @property
    def settled(self) -> int:
        """Envelopes up to this number are no longer owed."""
        return max(self.cursor, self.floor)


def fold(entries: list[Entry[LogEvent]]) -> dict[Device, Facts]:
    """What `entries` (in order) say of each device."""
    devices: dict[Device, Facts] = {}
    for entry in entries:
        key = (entry.event.user, entry.event.device)
        facts = devices.get(key)
        if facts is None:
            facts = devices[key] = Facts()
        _apply(facts, entry)
    for facts in devices.values():
        facts.head = max(facts.head, facts.settled)
        facts.envelopes = {seq: owed for seq, owed in facts.envelopes.items() if seq > facts.settled}
        facts.uploaded = {number: key for number, key in facts.uploaded.items() if number not in facts.taken}
    return devices


def _apply(facts: Facts, entry: Entry[LogEvent]) -> None:
    event, seq = entry.event, entry.seq
    match event:
        case EnvelopeAccepted():
            facts.head = max(facts.head, seq)
            facts.envelopes.setdefault(seq, Owed(event, entry.position.ms))
        case EnvelopesAcknowledged():
            facts.cursor = max(facts.cursor, seq)
        case EnvelopesExpired():
            facts.floor = max(facts.floor, seq)
        case PrekeysUploaded(prekeys=prekeys):
            for prekey in prekeys:
                facts.uploaded.setdefault(prekey.id, prekey.key)
        case PrekeyTaken(prekey_id=number, at=at):
            facts.taken.setdefault(number, at)
        case SignedPrekeySet(signed_prekey=signed):
            facts.signed = signed
        case _:
            raise TypeError(f"{type(event).__name__} is a change, not a fact")
