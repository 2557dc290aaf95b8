"""Which envelopes of a batch need never be written: those that the same batch settles.

Invariant: a ciphertext that was acknowledged, expired or closed away by the end of the batch does not
reach the database, not even for the moment of the transaction.
"""

from collections import defaultdict
from uuid import UUID

from schema.events import (
    AccountDeleted,
    DeviceClosed,
    EnvelopeAccepted,
    EnvelopesAcknowledged,
    EnvelopesExpired,
    IdentitySet,
    LogEvent,
)
from workers.batches import Entry


def unsettled(entries: list[Entry[LogEvent]]) -> list[Entry[LogEvent]]:
    """`entries` without the accepted envelopes that a later entry settles; the order is kept."""
    later = _Later()
    kept = []
    for entry in reversed(entries):
        if isinstance(entry.event, EnvelopeAccepted) and later.settles(entry):
            continue
        later.note(entry)
        kept.append(entry)
    kept.reverse()
    return kept


class _Later:
    """What the entries after the present one say."""

    def __init__(self) -> None:
        self._upto: dict[tuple[UUID, int], int] = defaultdict(int)
        self._closed: set[tuple[UUID, int]] = set()
        self._deleted: set[UUID] = set()
        self._only: dict[UUID, set[int]] = {}

    def note(self, entry: Entry[LogEvent]) -> None:
        match entry.event:
            case EnvelopesAcknowledged(user=user, device=device) | EnvelopesExpired(user=user, device=device):
                self._upto[user, device] = max(self._upto[user, device], entry.seq)
            case DeviceClosed(user=user, device=device):
                self._closed.add((user, device))
            case AccountDeleted(user=user):
                self._deleted.add(user)
            case IdentitySet(user=user, device=device, change="replaced"):
                self._only[user] = self._only.get(user, {device}) & {device}
            case _:
                pass

    def settles(self, entry: Entry[LogEvent]) -> bool:
        event = entry.event
        return (
            event.user in self._deleted
            or (event.user, event.device) in self._closed
            or event.device not in self._only.get(event.user, {event.device})
            or entry.seq <= self._upto[event.user, event.device]
        )
