"""What clients of a run did and saw, as data: the checker's first witness."""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

Outcome = Literal["accepted", "refused", "maybe"]
"""`maybe`: some attempt ended without an answer and none after it was accepted."""
Device = tuple[UUID, int]


@dataclass
class Sent:
    """One `send`, with all its attempts; `seq` is the number that was answered. A device's sends are in the
    order in which it made them, each after the one before was settled."""

    id: UUID
    sender: Device
    to: Device
    body: bytes
    outcome: Outcome = "maybe"
    seq: int = 0


@dataclass(frozen=True)
class Delivered:
    """One envelope on the `connection`-th connection of `device`."""

    device: Device
    connection: int
    seq: int
    id: UUID
    sender: Device
    body: bytes


@dataclass(frozen=True)
class ToldExpired:
    """`expired`: so many envelopes, up to that number, outlived their time."""

    device: Device
    upto: int
    count: int


@dataclass
class History:
    """Each list in the order of what happened. `members` are the devices that were watched; of them,
    `offline` need not have got what they are owed. `acknowledged` are the acknowledgements that were
    answered, `prekeys` and `kem_prekeys` the one-time prekeys that bundles contained."""

    members: set[Device] = field(default_factory=set)
    sent: list[Sent] = field(default_factory=list)
    delivered: list[Delivered] = field(default_factory=list)
    acknowledged: list[tuple[Device, int]] = field(default_factory=list)
    expired: list[ToldExpired] = field(default_factory=list)
    prekeys: list[tuple[UUID, int, int]] = field(default_factory=list)
    kem_prekeys: list[tuple[UUID, int, int]] = field(default_factory=list)
    offline: set[Device] = field(default_factory=set)

    def without(self, users: set[UUID]) -> "History":
        """What is not about mailboxes and prekeys of these users."""
        return History(
            members={device for device in self.members if device[0] not in users},
            sent=[send for send in self.sent if send.to[0] not in users],
            delivered=[got for got in self.delivered if got.device[0] not in users],
            acknowledged=[said for said in self.acknowledged if said[0][0] not in users],
            expired=[notice for notice in self.expired if notice.device[0] not in users],
            prekeys=[prekey for prekey in self.prekeys if prekey[0] not in users],
            kem_prekeys=[prekey for prekey in self.kem_prekeys if prekey[0] not in users],
            offline=self.offline,
        )
