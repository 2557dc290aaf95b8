"""The fold of one partition: what its log says must be true, and what about the log itself is not.

Pure. The state is what the projection holds, as digests, of live mailboxes only; an entry that breaks a
rule is named, and then changes the state as it changes the tables, so that one fault is told once.
"""

from collections.abc import Callable, Collection
from typing import Any, Final
from uuid import UUID

from schema.events import (
    AccountDeleted,
    BlobErased,
    BlobEvent,
    BlobStored,
    DeviceClosed,
    EnvelopeAccepted,
    EnvelopesAcknowledged,
    EnvelopesExpired,
    IdentitySet,
    KemPrekeysUploaded,
    KemPrekeyTaken,
    PrekeysUploaded,
    PrekeyTaken,
    SignedPrekeySet,
)
from schema.partitions import partition_of
from schema.positions import START, Position
from schema.prekeys import OF_TAKING, OF_UPLOAD, Kind
from workers.replay.mailbox import Fresh
from workers.replay.people import DeviceState, UserState
from workers.replay.records import Page, Record
from workers.replay.totals import Totals
from workers.replay.violations import Violation, Violations

MOST_PREKEY: Final = 2**31
CLOCKS_DIFFER_MS: Final = 60_000
"""How far a node's clock may be ahead of the log's."""


class Fold:
    """`complete`: the log begins with the relay. Else whoever is not seen to begin in it has an unknown
    past. Behind a gap the fold begins anew, and is not complete. `set_aside`: the positions in quarantine;
    their entries have numbers, and no rows. `partitions`: how many there are, to check that everybody stands
    in the right one."""

    def __init__(
        self,
        partition: int,
        *,
        complete: bool,
        partitions: int | None = None,
        set_aside: Collection[Position] = frozenset(),
    ) -> None:
        self.partition = partition
        self.complete = complete
        self.at = START
        self.first: Position | None = None
        self.users: dict[int, UserState] = {}
        self.deleted: set[int] = set()
        self.last_deletion = START
        self.totals = Totals()
        self.violations = Violations()
        self.early: set[tuple[UUID, int, int, Kind]] = set()
        """Prekeys (user, device, id, kind) that a node took in the database before the log could be folded so
        far."""
        self._partitions = partitions
        self._set_aside = set_aside
        self._fresh = Fresh()
        self._apply: dict[type[Any], Callable[[Any, Record], None]] = {
            EnvelopeAccepted: self._accepted,
            EnvelopesAcknowledged: self._acknowledged,
            EnvelopesExpired: self._expired,
            IdentitySet: self._identity,
            DeviceClosed: self._closed,
            PrekeysUploaded: self._uploaded,
            KemPrekeysUploaded: self._uploaded,
            SignedPrekeySet: self._signed,
            PrekeyTaken: self._taken,
            KemPrekeyTaken: self._taken,
            BlobStored: self._blob,
            BlobErased: self._blob,
            AccountDeleted: self._deleted,
        }

    def take(self, page: Page) -> None:
        """Folds a page; the ones before it were folded already."""
        if page.gap:
            self._begin_anew(page.upto)
        for entry in page.unreadable:
            if entry.position not in self._set_aside:
                wrong = Violation(
                    kind="unreadable", text=f"cannot be read: {entry.reason}", partition=self.partition,
                    position=entry.position, user=entry.user,
                )  # fmt: skip
                self.violations.add(wrong)
        apply, totals, at, size = self._apply, self.totals, self.at, 0
        for record in page.records:
            position = record.position
            if position <= at:
                self._wrong(record, "order", f"stands after {at}")
            at = position
            size += record.size
            event = record.event
            apply[type(event)](event, record)
        totals.bytes += size
        totals.entries += len(page.records) + len(page.unreadable)
        self._fresh.page(len(page.records), size)
        self.at = max(at, page.upto)
        if self.first is None and page.records:
            self.first = page.records[0].position

    def _begin_anew(self, at: Position) -> None:
        """Entries up to `at` are missing: nothing is known from before. Named faults stay."""
        totals = Totals(entries=self.totals.entries, bytes=self.totals.bytes)
        self.complete, self.first, self.totals = False, None, totals
        self.users.clear()
        self.deleted.clear()
        self.early.clear()
        self.last_deletion = max(self.last_deletion, at)

    def owed(self) -> int:
        """Envelopes that are owed now."""
        return sum(
            device.mailbox.count_owed() for user in self.users.values() for device in user.devices.values()
        )

    def is_younger(self, at: int) -> bool:
        """Whether something of that time (ms, by a node's clock) must be in the log, would it have
        happened."""
        return self.first is not None and at > self.first.ms + CLOCKS_DIFFER_MS

    def find(self, user: UUID, device: int) -> DeviceState | None:
        """A device that the log knows."""
        found = self.users.get(user.int)
        return None if found is None else found.devices.get(device)

    def _accepted(self, event: EnvelopeAccepted, record: Record) -> None:
        user = self.users.get(event.user.int)
        device = None if user is None else user.devices.get(event.device)
        if device is None or device.closed_at:
            device = self._device(event, record)
            if device is None:
                return
        mailbox, seq = device.mailbox, record.seq
        if seq is None or seq < 1:
            self._wrong(record, "number", "an envelope without a number")
            return
        if self._set_aside and record.position in self._set_aside:
            mailbox.set_aside(seq)
            return
        if not mailbox.fresh:
            self._fresh.mailboxes.append(mailbox)
        self.totals.accepted += 1
        if wrong := mailbox.accept(record, seq):
            self._wrong(record, "number", wrong)

    def _acknowledged(self, event: EnvelopesAcknowledged, record: Record) -> None:
        if (device := self._device(event, record)) is not None:
            delivered, wrong = device.mailbox.acknowledge(record.seq or 0)
            self.totals.delivered += delivered
            if wrong:
                self._wrong(record, "acknowledgement", wrong)

    def _expired(self, event: EnvelopesExpired, record: Record) -> None:
        if (device := self._device(event, record)) is not None:
            expired, wrong = device.mailbox.expire(record.seq or 0, event.count)
            self.totals.expired += expired
            if wrong:
                self._wrong(record, "expiry", wrong)

    def _uploaded(self, event: PrekeysUploaded | KemPrekeysUploaded, record: Record) -> None:
        device, kind = self._own(event, record), OF_UPLOAD[type(event)]
        if device is None:
            return
        sane = [prekey for prekey in event.prekeys if 0 < prekey.id < MOST_PREKEY]
        if len(sane) < len(event.prekeys):
            wrong = [prekey.id for prekey in event.prekeys if not 0 < prekey.id < MOST_PREKEY]
            self._wrong(record, "prekey", f"no prekey has the id {wrong[0]}")
        for number in device.one_time(kind).upload(sane):
            self._wrong(record, "prekey", f"{kind.noun} {number} was uploaded before")

    def _taken(self, event: PrekeyTaken | KemPrekeyTaken, record: Record) -> None:
        device, kind = self._device(event, record), OF_TAKING[type(event)]
        self.early.discard((event.user, event.device, event.prekey_id, kind))
        if device is None:
            return
        if not 0 < event.prekey_id < MOST_PREKEY:
            self._wrong(record, "prekey", f"no prekey has the id {event.prekey_id}")
            return
        self.totals.taken += 1
        was_there, first = device.one_time(kind).take(event.prekey_id)
        if not first:
            self._wrong(record, "prekey", f"{kind.noun} {event.prekey_id} was taken twice")
        elif not was_there and device.first:
            self._wrong(record, "prekey", f"{kind.noun} {event.prekey_id} was taken and never uploaded")

    def _signed(self, event: SignedPrekeySet, record: Record) -> None:
        if (device := self._own(event, record)) is not None:
            device.sign(event.signed_prekey)
            device.set_last_resort(event.kem_prekey)

    def _identity(self, event: IdentitySet, record: Record) -> None:
        user = self._user(event.user, record)
        if wrong := user.wrong_change(event, certain=self.complete or event.user.int in self.deleted):
            self._wrong(record, "identity", wrong)
        self.deleted.discard(event.user.int)
        if event.change == "first":
            user.known = True
        elif event.change == "added" and not user.is_under(event.identity_key):
            return
        if event.change == "replaced":
            self._replace(user, event)
        user.identify(event)
        device = user.devices.get(event.device)
        if device is None:
            device = user.devices[event.device] = DeviceState(known=user.known)
        elif device.closed_at:
            self._wrong(record, "closed", "a device that was closed published keys")
            return
        if not device.published:
            device.published = True
            device.activated_at = event.at
        device.registration = event.registration_id
        device.sign(event.signed_prekey)
        last_resort = event.kem_prekey if user.is_under(event.identity_key) else None
        device.set_last_resort(last_resort, anew=event.change == "replaced")

    def _replace(self, user: UserState, event: IdentitySet) -> None:
        for number, device in user.devices.items():
            if number != event.device and not device.closed_at:
                self.totals.dropped += device.close(event.at)
            elif not device.closed_at:
                device.prekeys.forget_waiting()
                device.kem_prekeys.forget_waiting()
        self._forget_early(event.user, None)

    def _closed(self, event: DeviceClosed, record: Record) -> None:
        if (device := self._device(event, record)) is not None:
            self.totals.dropped += device.close(event.at)
            self._forget_early(event.user, event.device)

    def _blob(self, event: BlobEvent, record: Record) -> None:
        if isinstance(event, BlobStored):
            if wrong := self._user(event.user, record).store(event):
                self._wrong(record, "blob", wrong)
        elif (user := self.users.get(event.user.int)) is not None:  # else its account is gone
            user.erase(event.blob)

    def _deleted(self, event: AccountDeleted, record: Record) -> None:
        if (user := self.users.pop(event.user.int, None)) is not None:
            self.totals.dropped += sum(device.mailbox.count_owed() for device in user.devices.values())
        self.deleted.add(event.user.int)
        self.last_deletion = record.position
        self.violations.forgive(event.user)
        self._forget_early(event.user, None)

    def _forget_early(self, user: UUID, device: int | None) -> None:
        if self.early:
            self.early = {row for row in self.early if row[0] != user or device not in (None, row[1])}

    def _user(self, user: UUID, record: Record) -> UserState:
        found = self.users.get(user.int)
        if found is None:
            found = self.users[user.int] = UserState(user, known=self.complete or user.int in self.deleted)
            if self._partitions and (right := partition_of(user, self._partitions)) != self.partition:
                self._wrong(record, "partition", f"the user belongs to partition {right}")
        return found

    def _device(self, event: Any, record: Record) -> DeviceState | None:
        """The active device that the entry is about; without one it changes nothing."""
        user = self.users.get(event.user.int)
        device = None if user is None else user.devices.get(event.device)
        if device is None:
            if self.complete or event.user.int in self.deleted or (user is not None and user.known):
                self._wrong(record, "device", "is about a device that never published keys")
                return None
            device = self._user(event.user, record).devices[event.device] = DeviceState(known=False)
        elif device.closed_at:
            self._wrong(record, "closed", "is about a device that was closed")
            return None
        return device

    def _own(self, event: Any, record: Record) -> DeviceState | None:
        """The active device that the prekeys are of, if they are of its user's identity."""
        device = self._device(event, record)
        if device is None or self.users[event.user.int].is_under(event.identity):
            return device
        self._wrong(record, "identity", "prekeys of another identity than the present one")
        return None

    def _wrong(self, record: Record, kind: str, text: str) -> None:
        event = record.event
        violation = Violation(
            kind=kind, text=text, partition=self.partition, position=record.position, user=event.user,
            device=event.device,
        )  # fmt: skip
        self.violations.add(violation)
