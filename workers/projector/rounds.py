"""A batch cut into rounds, so that each can be written with a few statements for all users at once.

Entries of different users commute; entries of one user do not. What changes a user's devices or blobs
(`changes`) and what is said of their mailboxes and prekeys (`facts`) take turns per user: a round applies at
most one change per user, then the facts that came after it and before the user's next change. Round after
round, every user's entries take effect in the log's order. A batch mostly has one round.
"""

from uuid import UUID

import msgspec

from schema.events import AccountDeleted, BlobErased, BlobStored, DeviceClosed, IdentitySet, LogEvent
from workers.batches import Entry

CHANGES = (IdentitySet, DeviceClosed, BlobStored, BlobErased, AccountDeleted)


class Round(msgspec.Struct):
    """At most one change per user, and the facts that follow it."""

    changes: list[LogEvent]
    facts: list[Entry[LogEvent]]


def rounds(entries: list[Entry[LogEvent]]) -> list[Round]:
    """The rounds of `entries`, in order; every entry is in exactly one."""
    found: list[Round] = []
    latest: dict[UUID, int] = {}
    for entry in entries:
        event = entry.event
        is_change = isinstance(event, CHANGES)
        number = latest.get(event.user, -1) + 1 if is_change else latest.get(event.user, 0)
        latest[event.user] = number
        if number == len(found):
            found.append(Round([], []))
        if is_change:
            found[number].changes.append(event)
        else:
            found[number].facts.append(entry)
    return found
