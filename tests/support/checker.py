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

from schema.events import (
    AccountDeleted,
    EnvelopeAccepted,
    EnvelopesAcknowledged,
    EnvelopesExpired,
    LogEvent,
    PrekeyTaken,
)
from tests.support.history import Device, History
from tests.workers.oracle import Oracle, Tables
from workers.positions import Position

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
        *log.wrong,
        *_sends(history, log),
        *_deliveries(history, log),
        *_balance(history, log),
        *_prekeys(history, kept),
        *_projections(evidence),
        *evidence.loose,
    ]


class _MailboxLog:
    """The log's mailboxes, and what is wrong with the log by itself."""

    def __init__(self, log: list[Logged]) -> None:
        self.envelopes: dict[Device, dict[int, EnvelopeAccepted]] = defaultdict(dict)
        self.acknowledged: set[tuple[Device, int]] = set()
        self.cursor: dict[Device, int] = defaultdict(int)
        self.floor: dict[Device, int] = defaultdict(int)
        self.expired: dict[Device, set[int]] = defaultdict(set)
        self.wrong: list[str] = []
        last: dict[int, Position] = {}
        for entry in log:
            before = last.get(entry.partition)
            if before is not None and entry.position <= before:
                self.wrong.append(f"position {entry.position} comes after {before}")
            last[entry.partition] = entry.position
            self._take(entry.event, entry.seq)

    def _take(self, event: LogEvent, seq: int) -> None:
        device = (event.user, event.device)
        settled = max(self.cursor[device], self.floor[device])
        head = len(self.envelopes[device])
        match event:
            case EnvelopeAccepted():
                if seq != head + 1:
                    self.wrong.append(f"{_name(device)}: number {seq} follows {head}")
                self.envelopes[device][seq] = event
            case EnvelopesAcknowledged():
                if not self.cursor[device] < seq <= head:
                    self.wrong.append(f"{_name(device)}: acknowledged {seq}, of {head}")
                self.acknowledged.add((device, seq))
                self.cursor[device] = max(self.cursor[device], seq)
            case EnvelopesExpired(count=count):
                if not settled < seq <= head or count != seq - settled:
                    self.wrong.append(f"{_name(device)}: {count} expired up to {seq}")
                self.expired[device] |= set(range(settled + 1, seq + 1))
                self.floor[device] = max(self.floor[device], seq)


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
        settled = max(log.cursor[device], log.floor[device])
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
    taken = [
        (entry.event.user, entry.event.device, entry.event.prekey_id)
        for entry in log
        if isinstance(entry.event, PrekeyTaken)
    ]
    for name, found in (("taken", taken), ("handed out", history.prekeys)):
        if len(found) != len(set(found)):
            yield f"a one-time prekey was {name} twice"
    if unknown := set(history.prekeys) - set(taken):
        yield f"{len(unknown)} one-time prekeys were handed out and not recorded"


def _projections(evidence: Evidence) -> Iterator[str]:
    oracle = Oracle()
    for entry in evidence.log:
        oracle.apply(entry.event, entry.seq)
    for table, rows in oracle.tables().items():
        missing = [row for row in rows if row not in evidence.tables[table]]
        extra = [row for row in evidence.tables[table] if row not in rows]
        if missing or extra or len(rows) != len(evidence.tables[table]):
            yield f"{table}: {len(missing)} rows of the log are missing, {len(extra)} are not the log's"
    folded = {key: (box["head"], box["cursor"], box["floor"]) for key, box in oracle.mailboxes.items()}
    for device in folded.keys() | evidence.directory.keys():
        if folded.get(device) != evidence.directory.get(device):
            yield f"{_name(device)}: the directory says {evidence.directory.get(device)}"


def _content(event: EnvelopeAccepted) -> tuple[Device, bytes]:
    return (event.from_user, event.from_device), event.body


def _name(device: Device) -> str:
    return f"device {str(device[0])[:8]}.{device[1]}"
