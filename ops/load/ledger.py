"""The relay's answers to the load, for comparison with archive and log.

Invariant: two ledgers are equal exactly if each mailbox has the same numbers with the same digests. Memory is
bounded by the number of mailboxes: of the digests only a sum is kept, which does not depend on their order.
"""

from collections import Counter
from hashlib import sha256
from typing import Final
from uuid import UUID

from schema.events import EnvelopeAccepted, EnvelopesAcknowledged
from workers.replay.records import Record

MODULUS: Final = 2**256

Box = tuple[UUID, int]
"""A mailbox: user and device."""


class Ledger:
    """Of every mailbox: how many envelopes, the sum over their numbers and digests, and the cursor."""

    def __init__(self) -> None:
        self.accepted: Counter[Box] = Counter()
        self.sums: Counter[Box] = Counter()
        self.cursors: dict[Box, int] = {}
        self.gaps: list[str] = []

    def accept(self, box: Box, seq: int, digest: bytes) -> None:
        """The envelope of that number was accepted."""
        self.accepted[box] += 1
        mixed = int.from_bytes(sha256(seq.to_bytes(8, "big") + digest).digest(), "big")
        self.sums[box] = (self.sums[box] + mixed) % MODULUS

    def read(self, record: Record) -> None:
        """An entry of archive or log, in their order; a number that does not follow is noted."""
        event = record.event
        box = event.user, event.device
        if isinstance(event, EnvelopeAccepted):
            if record.seq != self.accepted[box] + 1:
                self.gaps.append(f"{record.seq} after {self.accepted[box]} at {record.position}")
            self.accept(box, record.seq or 0, record.body_digest())
        elif isinstance(event, EnvelopesAcknowledged):
            self.cursors[box] = record.seq or 0

    def differences(self, other: "Ledger") -> list[str]:
        """The mailboxes of which the two say different things."""
        boxes = self.accepted.keys() | other.accepted.keys()
        return [
            f"{user}.{device}: {self.accepted[user, device]} and {other.accepted[user, device]} envelopes"
            for user, device in sorted(boxes)
            if (self.accepted[user, device], self.sums[user, device], self.cursors.get((user, device)))
            != (other.accepted[user, device], other.sums[user, device], other.cursors.get((user, device)))
        ]
