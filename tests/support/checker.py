"""The checker: holds what clients saw against the log, the directory and Postgres.

It says in words what is wrong, and nothing when all of this is true: what was accepted or acknowledged is in
the log, under the number that was answered; accepted = delivered + owed + expired; nothing was delivered or
logged that was not sent; every number once per device, in order; each sender's messages in the order of
sending; Postgres and the directory are the fold of the log; each one-time prekey was handed out once; nothing
is pending. A send without an answer is a maybe: it may be in the log, once. Of an account that was deleted
retention erases what the log has; it is enough that nothing is left of it.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from ops.replay.auditing import sentence
from schema.events import (
    AccountDeleted,
    EnvelopeAccepted,
    EnvelopesAcknowledged,
    EnvelopesExpired,
    LogEvent,
)
from schema.positions import Position
from schema.prekeys import EC, KEM
from tests.support.audited import audited, folded, rows
from tests.support.history import Device, History
from tests.workers.oracle import Tables
from workers.replay.records import Record

Numbers = tuple[int, int, int]
"""Head, cursor, floor."""


@dataclass(frozen=True)
class Logged:
    """One entry of a partition's log."""

    partition: int
    position: Position
    event: LogEvent
    seq: int


@dataclass
class Evidence:
    """What the servers hold at the end. `log` has every partition's entries in their order; `loose` names
    what is pending, unread or in quarantine."""

    log: list[Logged]
    tables: Tables
    directory: dict[Device, Numbers]
    loose: list[str] = field(default_factory=list)


def violations(history: History, evidence: Evidence) -> list[str]:
    """Every violation, in words; empty when all is well."""
    gone = {entry.event.user for entry in evidence.log if isinstance(entry.event, AccountDeleted)}
    history, kept = history.without(gone), [entry for entry in evidence.log if entry.event.user not in gone]
    log = _MailboxLog(kept)
    return [
        *_log(evidence),
        *_sends(history, log),
        *_deliveries(history, log),
        *_balance(history, log),
        *_prekeys(history, kept),
        *evidence.loose,
    ]


class _MailboxLog:
    """The log's mailboxes, number by number, as the clients' histories are held against them."""

    def __init__(self, log: list[Logged]) -> None:
        self.envelopes: dict[Device, dict[int, EnvelopeAccepted]] = defaultdict(dict)
        self.acknowledged: set[tuple[Device, int]] = set()
        self.settled: dict[Device, int] = defaultdict(int)
        self.expired: dict[Device, set[int]] = defaultdict(set)
        for entry in log:
            event, seq, device = entry.event, entry.seq, (entry.event.user, entry.event.device)
            match event:
                case EnvelopeAccepted():
                    self.envelopes[device][seq] = event
                case EnvelopesAcknowledged():
                    self.acknowledged.add((device, seq))
                    self.settled[device] = max(self.settled[device], seq)
                case EnvelopesExpired():
                    self.expired[device] |= set(range(self.settled[device] + 1, seq + 1))
                    self.settled[device] = max(self.settled[device], seq)


def _log(evidence: Evidence) -> Iterator[str]:
    """The log by itself, the tables and the directory: what the product's own audit finds."""
    entries: dict[int, list[Record]] = defaultdict(list)
    for entry in evidence.log:
        entries[entry.partition].append(
            Record(entry.partition, entry.position, entry.seq or None, entry.event)
        )
    folds = [folded(records, number) for number, records in entries.items()]
    found = list(rows(evidence.tables, [record for records in entries.values() for record in records]))
    if len(found) != len(set(found)):
        yield "a row is there twice"
    for violation in audited(folds, found):
        yield sentence(violation)
    numbers = {
        (user.user, number): (device.mailbox.head, device.mailbox.cursor, device.mailbox.floor)
        for fold in folds
        for user in fold.users.values()
        for number, device in user.devices.items()
        if not device.closed_at
    }
    for device in numbers.keys() | evidence.directory.keys():
        if numbers.get(device) != evidence.directory.get(device):
            yield f"{_name(device)}: the directory says {evidence.directory.get(device)}"


def _sends(history: History, log: _MailboxLog) -> Iterator[str]:
    found: dict[tuple[Device, UUID], list[int]] = defaultdict(list)
    for device, envelopes in log.envelopes.items():
        for seq, event in envelopes.items():
            found[device, event.id].append(seq)
    sent = {(send.to, send.id): send for send in history.sent}
    for (device, id_), seqs in found.items():
        if device not in history.members:
            continue
        send = sent.get((device, id_))
        if send is None:
            yield f"{_name(device)}: {id_} is in the log and nobody sent it"
        elif len(seqs) > 1:
            yield f"{_name(device)}: {id_} is in the log as {seqs}"
        elif _content(log.envelopes[device][seqs[0]]) != (send.sender, send.body):
            yield f"{_name(device)}: {id_} is another one in the log"
    yield from _answers(history, found)


def _answers(history: History, found: dict[tuple[Device, UUID], list[int]]) -> Iterator[str]:
    latest: dict[tuple[Device, Device], int] = defaultdict(int)
    for send in history.sent:
        seqs = found.get((send.to, send.id), [])
        if send.outcome == "refused" and seqs:
            yield f"{send.id} was refused and is in the log"
        if send.outcome == "accepted" and seqs != [send.seq]:
            yield f"{send.id} was accepted as {send.seq} and is in the log as {seqs}"
        for seq in seqs[:1]:
            if seq < latest[send.sender, send.to]:
                yield f"{send.id}: one sent before it comes after it"
            latest[send.sender, send.to] = seq


def _deliveries(history: History, log: _MailboxLog) -> Iterator[str]:
    last: dict[tuple[Device, int], int] = {}
    seen: dict[Device, int] = defaultdict(int)
    for got in history.delivered:
        event = log.envelopes[got.device].get(got.seq)
        if event is None or (event.id, *_content(event)) != (got.id, got.sender, got.body):
            yield f"{_name(got.device)}: {got.seq} was delivered and is not what the log has"
        before = last.get((got.device, got.connection), 0)
        if got.seq <= before:
            yield f"{_name(got.device)}: {got.seq} comes after {before} on one connection"
        # What it had on an earlier connection it may have acknowledged meanwhile: that need not come again.
        skipped = range(seen[got.device] + 1, got.seq)
        if not log.expired[got.device].issuperset(skipped):
            yield f"{_name(got.device)}: {list(skipped)} were passed over before {got.seq}"
        last[got.device, got.connection] = got.seq
        seen[got.device] = max(seen[got.device], got.seq)


def _balance(history: History, log: _MailboxLog) -> Iterator[str]:
    """Accepted = delivered + owed + expired, number by number; who was there to the end is owed nothing."""
    delivered: dict[Device, set[int]] = defaultdict(set)
    for got in history.delivered:
        delivered[got.device].add(got.seq)
    for device, upto in history.acknowledged:
        if (device, upto) not in log.acknowledged:
            yield f"{_name(device)}: {upto} was acknowledged and the log does not say so"
    told: dict[Device, int] = defaultdict(int)
    for notice in history.expired:
        told[notice.device] += notice.count
    for device in history.members:
        envelopes = log.envelopes[device]
        settled = log.settled[device]
        stored = {seq for seq in envelopes if seq <= settled} - log.expired[device]
        owed = {seq for seq in envelopes if seq > settled}
        if lost := stored - delivered[device]:
            yield f"{_name(device)}: {sorted(lost)} were acknowledged and never delivered"
        if device in history.offline:
            continue
        if owed:
            yield f"{_name(device)}: {sorted(owed)} are still owed"
        if told[device] != len(log.expired[device]):
            yield f"{_name(device)}: {len(log.expired[device])} expired, it was told of {told[device]}"
    for device, numbers in delivered.items():
        if extra := numbers - log.envelopes[device].keys():
            yield f"{_name(device)}: {sorted(extra)} were delivered and never accepted"


def _prekeys(history: History, log: list[Logged]) -> Iterator[str]:
    for kind, handed in ((EC, history.prekeys), (KEM, history.kem_prekeys)):
        events = [entry.event for entry in log if isinstance(entry.event, kind.taken)]
        taken = [(event.user, event.device, event.prekey_id) for event in events]
        for name, found in (("taken", taken), ("handed out", handed)):
            if len(found) != len(set(found)):
                yield f"a {kind.noun} was {name} twice"
        if unknown := set(handed) - set(taken):
            yield f"{len(unknown)} {kind.noun}s were handed out and not recorded"


def _content(event: EnvelopeAccepted) -> tuple[Device, bytes]:
    return (event.from_user, event.from_device), event.body


def _name(device: Device) -> str:
    return f"device {str(device[0])[:8]}.{device[1]}"
