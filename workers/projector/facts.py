"""The fold of a round's facts: per device, what is new about its mailbox and its prekeys. Pure.

An envelope is put down only while it is owed; numbers only grow; a one-time prekey that was taken is
taken for ever, whether the taking or the upload is seen first. Prekeys of different identity keys are kept
apart: a round has those of two when the replacement between them was set aside.
"""

from uuid import UUID

import msgspec

from schema.events import (
    EnvelopeAccepted,
    EnvelopesAcknowledged,
    EnvelopesExpired,
    KemPrekeysUploaded,
    KemPrekeyTaken,
    LogEvent,
    Prekey,
    PrekeysUploaded,
    PrekeyTaken,
    SignedPrekey,
    SignedPrekeySet,
)
from schema.prekeys import KEM, OF_TAKING, OF_UPLOAD, Kind
from workers.batches import Entry

Device = tuple[UUID, int]


class Owed(msgspec.Struct, frozen=True):
    """An envelope to be kept, and when the log took it (ms by the log's clock)."""

    event: EnvelopeAccepted
    logged_at: int


class OneTime(msgspec.Struct):
    """News of a device's one-time prekeys of one kind: `uploaded` by identity key and id, `taken` has the
    times (ms)."""

    uploaded: dict[tuple[bytes, int], Prekey | SignedPrekey] = {}
    taken: dict[int, int] = {}


class Facts(msgspec.Struct):
    """One device's news: `head`, `cursor` and `floor` are 0 where nothing was said of them. `signed` and
    `last_resort`: the newest of each identity key, the newest of all last."""

    head: int = 0
    cursor: int = 0
    floor: int = 0
    envelopes: dict[int, Owed] = {}
    prekeys: OneTime = msgspec.field(default_factory=OneTime)
    kem_prekeys: OneTime = msgspec.field(default_factory=OneTime)
    signed: dict[bytes, SignedPrekey] = {}
    last_resort: dict[bytes, SignedPrekey] = {}

    @property
    def settled(self) -> int:
        """Envelopes up to this number are no longer owed."""
        return max(self.cursor, self.floor)

    def one_time(self, kind: Kind) -> OneTime:
        """The news of that kind."""
        return self.kem_prekeys if kind is KEM else self.prekeys


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
        for news in (facts.prekeys, facts.kem_prekeys):
            for prekey in [prekey for prekey in news.uploaded if prekey[1] in news.taken]:
                del news.uploaded[prekey]
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
        case PrekeysUploaded(prekeys=prekeys) | KemPrekeysUploaded(prekeys=prekeys):
            uploaded = facts.one_time(OF_UPLOAD[type(event)]).uploaded
            for prekey in prekeys:
                uploaded.setdefault((event.identity, prekey.id), prekey)
        case PrekeyTaken(prekey_id=number, at=at) | KemPrekeyTaken(prekey_id=number, at=at):
            facts.one_time(OF_TAKING[type(event)]).taken.setdefault(number, at)
        case SignedPrekeySet(signed_prekey=signed, kem_prekey=last_resort):
            _renew(facts.signed, event.identity, signed)
            if last_resort is not None:
                _renew(facts.last_resort, event.identity, last_resort)
        case _:
            raise TypeError(f"{type(event).__name__} is a change, not a fact")


def _renew(newest: dict[bytes, SignedPrekey], identity: bytes, prekey: SignedPrekey) -> None:
    newest.pop(identity, None)
    newest[identity] = prekey
