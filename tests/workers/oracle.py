"""The projection as anyone would write it first: one event after the other, dictionaries for tables."""

from contextlib import nullcontext
from typing import Any
from uuid import UUID

import psycopg

from schema.events import (
    AccountDeleted,
    DeviceClosed,
    EnvelopeAccepted,
    EnvelopesAcknowledged,
    EnvelopesExpired,
    IdentitySet,
    KemPrekeysUploaded,
    KemPrekeyTaken,
    LogEvent,
    PrekeysUploaded,
    PrekeyTaken,
    SignedPrekey,
    SignedPrekeySet,
)

Tables = dict[str, list[tuple[Any, ...]]]


class Oracle:
    """Apply events in order; `tables()` is what the database must hold then."""

    def __init__(self) -> None:
        self.devices: dict[tuple[UUID, int], dict[str, Any]] = {}
        self.identities: dict[tuple[UUID, bytes], dict[str, Any]] = {}
        self.mailboxes: dict[tuple[UUID, int], dict[str, int]] = {}
        self.envelopes: dict[tuple[UUID, int, int], EnvelopeAccepted] = {}
        self.prekeys: dict[tuple[UUID, int, int], bytes] = {}
        self.used: dict[tuple[UUID, int, int], int] = {}
        self.kem_prekeys: dict[tuple[UUID, int, int], SignedPrekey] = {}
        self.kem_used: dict[tuple[UUID, int, int], int] = {}

    def apply(self, event: LogEvent, seq: int) -> None:
        if isinstance(event, AccountDeleted):
            self._forget_user(event.user)
        elif isinstance(event, IdentitySet):
            self._identity(event)
        elif isinstance(event, DeviceClosed):
            self._close(event.user, event.device, event.at)
        else:
            device = self.devices.get((event.user, event.device))
            if device and device["closed_at"] is None:
                self._fact(device, event, seq)

    def _fact(self, device: dict[str, Any], event: LogEvent, seq: int) -> None:
        key = (event.user, event.device)
        box = self.mailboxes[key]
        match event:
            case EnvelopeAccepted():
                box["head"] = max(box["head"], seq)
                if seq > max(box["cursor"], box["floor"]):
                    self.envelopes.setdefault((*key, seq), event)
            case EnvelopesAcknowledged() | EnvelopesExpired():
                field = "cursor" if isinstance(event, EnvelopesAcknowledged) else "floor"
                box[field] = max(box[field], seq)
                box["head"] = max(box["head"], seq)
                for owed in [owed for owed in self.envelopes if owed[:2] == key and owed[2] <= seq]:
                    del self.envelopes[owed]
            case _:
                self._prekeys(device, event)

    def present(self, user: UUID) -> list[bytes]:
        return [key for (who, key), row in self.identities.items() if who == user and row["until"] is None]

    def _is_under(self, event: IdentitySet) -> bool:
        """Whether the event's identity is the user's present one."""
        return event.identity_key in self.present(event.user)

    def _prekeys(self, device: dict[str, Any], event: LogEvent) -> None:
        key = (event.user, event.device)
        under = getattr(event, "identity", b"")
        if under and under not in self.present(event.user):
            return
        match event:
            case PrekeysUploaded(prekeys=prekeys):
                for prekey in prekeys:
                    if (*key, prekey.id) not in self.used:
                        self.prekeys.setdefault((*key, prekey.id), prekey.key)
            case PrekeyTaken(prekey_id=number):
                self.used.setdefault((*key, number), event.at)
                self.prekeys.pop((*key, number), None)
            case KemPrekeysUploaded(prekeys=kem_prekeys):
                for one in kem_prekeys:
                    if (*key, one.id) not in self.kem_used:
                        self.kem_prekeys.setdefault((*key, one.id), one)
            case KemPrekeyTaken(prekey_id=number):
                self.kem_used.setdefault((*key, number), event.at)
                self.kem_prekeys.pop((*key, number), None)
            case SignedPrekeySet(signed_prekey=signed):
                device["signed"] = signed
                device["kem"] = event.kem_prekey or device["kem"]

    def _identity(self, event: IdentitySet) -> None:
        if event.change == "replaced":
            for user, device in list(self.devices):
                if user == event.user and device != event.device:
                    self._close(user, device, event.at)
            for prekey in [prekey for prekey in self.prekeys if prekey[0] == event.user]:
                del self.prekeys[prekey]
            for prekey in [prekey for prekey in self.kem_prekeys if prekey[0] == event.user]:
                del self.kem_prekeys[prekey]
            for (user, key), row in self.identities.items():
                if user == event.user and key != event.identity_key and row["until"] is None:
                    row["until"] = event.at
            if (event.user, event.identity_key) in self.identities:
                self.identities[event.user, event.identity_key]["until"] = None
        present = self.present(event.user)
        if event.change == "added" and present and event.identity_key not in present:
            return
        self.identities.setdefault((event.user, event.identity_key), {"since": event.at, "until": None})
        device = self.devices.setdefault(
            (event.user, event.device), {"activated_at": event.at, "closed_at": None, "kem": None}
        )
        if device["closed_at"] is None:
            device["registration_id"], device["signed"] = event.registration_id, event.signed_prekey
            kept = None if event.change == "replaced" else device["kem"]
            device["kem"] = event.kem_prekey if event.kem_prekey and self._is_under(event) else kept
            self.mailboxes.setdefault((event.user, event.device), {"head": 0, "cursor": 0, "floor": 0})

    def _close(self, user: UUID, device: int, at: int) -> None:
        row = self.devices.get((user, device))
        if row is None or row["closed_at"] is not None:
            return
        row["closed_at"] = at
        self.mailboxes.pop((user, device), None)
        tables: tuple[dict[tuple[UUID, int, int], Any], ...] = (
            self.envelopes,
            self.prekeys,
            self.kem_prekeys,
        )
        for table in tables:
            for key in [key for key in table if key[:2] == (user, device)]:
                del table[key]

    def _forget_user(self, user: UUID) -> None:
        for table in (
            self.devices,
            self.identities,
            self.mailboxes,
            self.envelopes,
            self.prekeys,
            self.used,
            self.kem_prekeys,
            self.kem_used,
        ):
            for key in [key for key in table if key[0] == user]:
                del table[key]

    def tables(self) -> Tables:
        return {
            "devices": sorted(
                (
                    *key, row["registration_id"], row["signed"].id, row["signed"].key,
                    row["signed"].signature, *_parts(row["kem"]), row["activated_at"], row["closed_at"] or 0,
                )
                for key, row in self.devices.items()
            ),
            "identities": sorted(
                (*key, row["since"], row["until"] or 0) for key, row in self.identities.items()
            ),
            "mailboxes": sorted(
                (*key, row["head"], row["cursor"], row["floor"]) for key, row in self.mailboxes.items()
            ),
            "envelopes": sorted(
                (*key, event.id, event.from_user, event.from_device, event.kind, event.body, event.at)
                for key, event in self.envelopes.items()
            ),
            "one_time_prekeys": sorted((*key, prekey) for key, prekey in self.prekeys.items()),
            "used_prekeys": sorted((*key, at) for key, at in self.used.items()),
            "kem_prekeys": sorted((*key, one.key, one.signature) for key, one in self.kem_prekeys.items()),
            "used_kem_prekeys": sorted((*key, at) for key, at in self.kem_used.items()),
        }  # fmt: skip


def _parts(kem: SignedPrekey | None) -> tuple[int, bytes, bytes]:
    """The columns of a device's last-resort KEM prekey."""
    return (0, b"", b"") if kem is None else (kem.id, kem.key, kem.signature)


_SELECT = {
    "devices": "user_id, device_id, registration_id, signed_prekey_id, signed_prekey, "
    "signed_prekey_signature, coalesce(kem_prekey_id, 0), coalesce(kem_prekey, ''), "
    "coalesce(kem_prekey_signature, ''), activated_at, coalesce(closed_at, 0)",
    "identities": "user_id, identity_key, since, coalesce(until, 0)",
    "mailboxes": "user_id, device_id, head, cursor, floor",
    "envelopes": "user_id, device_id, seq, id, from_user, from_device, kind, body, at",
    "one_time_prekeys": "user_id, device_id, prekey_id, key",
    "used_prekeys": "user_id, device_id, prekey_id, taken_at",
    "kem_prekeys": "user_id, device_id, prekey_id, key, signature",
    "used_kem_prekeys": "user_id, device_id, prekey_id, taken_at",
}


def projected(database: "str | psycopg.Connection", users: list[UUID]) -> Tables:
    """What the database, named by its address or a session, holds of `users`, in the oracle's form."""
    with psycopg.connect(database) if isinstance(database, str) else nullcontext(database) as connection:
        return {
            table: sorted(
                connection.execute(
                    f"SELECT {columns} FROM {table} WHERE user_id = ANY(%s)", (users,)
                ).fetchall()
            )
            for table, columns in _SELECT.items()
        }
