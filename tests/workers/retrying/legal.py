"""Stories that a log can hold: what the directory refuses is left out, numbers are as it gives them."""

from uuid import UUID

import msgspec

from schema.events import (
    AccountDeleted,
    DeviceClosed,
    EnvelopeAccepted,
    EnvelopesAcknowledged,
    EnvelopesExpired,
    IdentitySet,
    LogEvent,
    PrekeysUploaded,
)
from tests.workers.stories import Said


class Directory:
    """One user's, as the log's functions keep it."""

    def __init__(self) -> None:
        self.identity: bytes | None = None
        self.heads: dict[int, int] = {}
        self.closed: set[int] = set()

    def publish(self, event: IdentitySet) -> IdentitySet | None:
        if event.device in self.closed:
            return None
        change = "first" if self.identity is None else "added"
        if self.identity not in (None, event.identity_key):
            change = "replaced"
            self.closed |= self.heads.keys() - {event.device}
            self.heads = {device: head for device, head in self.heads.items() if device == event.device}
        self.identity = event.identity_key
        self.heads.setdefault(event.device, 0)
        return msgspec.structs.replace(event, change=change)

    def say(self, event: LogEvent, seq: int) -> Said | None:
        if isinstance(event, AccountDeleted):
            self.__init__()  # type: ignore[misc]
        elif isinstance(event, IdentitySet):
            published = self.publish(event)
            return None if published is None else (published, 0)
        elif event.device not in self.heads:
            return None
        elif isinstance(event, DeviceClosed):
            del self.heads[event.device]
            self.closed.add(event.device)
        elif isinstance(event, EnvelopeAccepted):
            self.heads[event.device] += 1
            return event, self.heads[event.device]
        elif isinstance(event, EnvelopesAcknowledged | EnvelopesExpired):
            return (event, seq) if 0 < seq <= self.heads[event.device] else None
        return event, seq


def legal(story: list[Said]) -> list[Said]:
    """The story as far as it can happen; no prekey id is uploaded twice."""
    users: dict[UUID, Directory] = {}
    kept = []
    uploads = 100
    for event, seq in story:
        said = users.setdefault(event.user, Directory()).say(event, seq)
        if said is not None and isinstance(said[0], PrekeysUploaded):
            uploads += 1
            prekeys = tuple(msgspec.structs.replace(one, id=uploads * 10 + one.id) for one in said[0].prekeys)
            said = msgspec.structs.replace(said[0], prekeys=prekeys), 0
        if said is not None:
            kept.append(said)
    return kept
