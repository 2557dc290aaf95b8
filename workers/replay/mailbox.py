"""One mailbox as the log tells it: numbers that only grow, and a digest of each envelope that is still
owed.

Invariant: accepted = delivered + owed + expired, counted from the first number that the log shows. Only
what is owed is kept: sixteen bytes each. The newest envelopes are kept as their records until `compact`: most
are settled by then, and need no digest.
"""

from hashlib import sha256
from typing import Final

from schema.events import EnvelopeAccepted
from workers.replay.records import Record
from workers.replay.rows import EnvelopeRow

UNKNOWN: Final = -1
DIGEST: Final = 16
ABSENT: Final = bytes(DIGEST)
"""In the place of a number that was never accepted."""
FRESH_ENTRIES: Final = 4096
FRESH_BYTES: Final = 4 * 1024 * 1024
"""How many entries of a partition are folded between two `compact`."""
MOST_ABSENT: Final = 100_000
"""Numbers that may be missing in a row; beyond that the mailbox begins anew there."""


def envelope_digest(event: EnvelopeAccepted | EnvelopeRow, logged_at: int, body_digest: bytes) -> bytes:
    """The expected row of an owed envelope, without its key."""
    numbers = b"%d %d %d %b" % (event.from_device, event.at, logged_at, event.kind.encode())
    return sha256(body_digest + event.id.bytes + event.from_user.bytes + numbers).digest()[:DIGEST]


class Mailbox:
    """Numbers are UNKNOWN until the log shows them, where it does not begin with the mailbox."""

    __slots__ = ("base", "begin", "cursor", "expired", "floor", "fresh", "head", "owed")

    def __init__(self, *, known: bool) -> None:
        self.begin = self.head = self.cursor = self.floor = 0 if known else UNKNOWN
        self.base = 0
        """`owed` and then `fresh` have the numbers after this one, up to the head."""
        self.expired = 0
        self.owed = bytearray()
        self.fresh: list[Record | None] = []

    def accept(self, record: Record, seq: int) -> str | None:
        """Takes the envelope; what is wrong with its number, if anything is."""
        head = self.head
        if seq == head + 1:
            self.head = seq
            self.fresh.append(record)
            return None
        if head == UNKNOWN:
            self.begin = self.base = self.head = seq - 1
            return self.accept(record, seq)
        if seq <= head:
            self._place(record, seq)
            return f"number {seq} was given although {head} was reached"
        wrong = f"number {seq} follows {head}"
        if seq - head > MOST_ABSENT:
            self.fresh.clear()
            self.owed.clear()
            self.base = self.head = seq - 1
        else:
            self.fresh.extend([None] * (seq - head - 1))
            self.head = seq - 1
        self.accept(record, seq)
        return wrong

    def acknowledge(self, upto: int) -> tuple[int, str | None]:
        """How many envelopes that delivered, and what is wrong, if anything is."""
        wrong = None
        if upto <= self.cursor:
            wrong = f"{upto} was acknowledged although the cursor was at {self.cursor}"
        elif upto > self.head != UNKNOWN:
            wrong = f"{upto} was acknowledged of {self.head}"
        self.cursor = max(self.cursor, upto)
        return self._settle(upto), wrong

    def expire(self, upto: int, count: int) -> tuple[int, str | None]:
        """How many envelopes that expired, and what is wrong, if anything is."""
        owed, wrong = upto - max(self.cursor, self.floor, 0), None
        if upto > self.head != UNKNOWN:
            wrong = f"{upto} expired of {self.head}"
        elif owed <= 0:
            wrong = f"{upto} expired although nothing was owed up to there"
        elif (count != owed) if self.floor != UNKNOWN else (count > owed):
            wrong = f"{count} are said to have expired up to {upto}, where {owed} were owed"
        self.expired += count
        self.floor = max(self.floor, upto)
        return self._settle(upto), wrong

    def set_aside(self, seq: int) -> None:
        """The number was given, and its envelope has no row: it stands in quarantine."""
        if seq != self.head + 1:
            return
        self.head = seq
        if self.fresh:
            self.fresh.append(None)
        else:
            self.owed += ABSENT

    def row_head(self) -> int:
        """The head that the table has: that of the last number with a row, or settled."""
        self.compact()
        owed, head = self.owed, self.head
        while owed.endswith(ABSENT) and head > self.base and head - self.base == len(owed) // DIGEST:
            owed, head = owed[:-DIGEST], head - 1
        return head

    def compact(self) -> None:
        """What is still owed becomes digests."""
        if self.fresh:
            self.owed += b"".join([ABSENT if record is None else _digest(record) for record in self.fresh])
            self.fresh.clear()

    def digest(self, seq: int) -> bytes | None:
        """Of the owed envelope `seq`; None when it is not owed, or never was accepted."""
        self.compact()
        at = (seq - self.base - 1) * DIGEST
        if not 0 <= at < len(self.owed):
            return None
        found = bytes(self.owed[at : at + DIGEST])
        return None if found == ABSENT else found

    def count_owed(self) -> int:
        """Envelopes that were accepted and are owed."""
        absent = self.fresh.count(None)
        owed = self.owed
        if ABSENT in owed:
            absent += sum(owed[at : at + DIGEST] == ABSENT for at in range(0, len(owed), DIGEST))
        return len(owed) // DIGEST + len(self.fresh) - absent

    def _place(self, record: Record, seq: int) -> None:
        """A number that comes late: its row is written if it is owed and nobody has it."""
        at = seq - self.base - 1
        stored = len(self.owed) // DIGEST
        if at < 0:
            return
        if at < stored:
            if self.owed[at * DIGEST : (at + 1) * DIGEST] == ABSENT:
                self.owed[at * DIGEST : (at + 1) * DIGEST] = _digest(record)
        elif self.fresh[at - stored] is None:
            self.fresh[at - stored] = record

    def _settle(self, upto: int) -> int:
        """Forgets what is owed up to there; how many were."""
        if self.head == UNKNOWN:
            return 0
        self.head = max(self.head, upto)
        gone = upto - self.base
        if gone <= 0:
            return 0
        self.base = upto
        fresh = self.fresh
        if not self.owed:
            settled = fresh[:gone]
            del fresh[:gone]
            return len(settled) - settled.count(None)
        before = self.count_owed()
        stored = min(gone, len(self.owed) // DIGEST)
        del self.owed[: stored * DIGEST]
        del fresh[: gone - stored]
        return before - self.count_owed()


class Fresh:
    """The mailboxes that have records, bounded in entries and bytes."""

    __slots__ = ("_bytes", "_entries", "mailboxes")

    def __init__(self) -> None:
        self.mailboxes: list[Mailbox] = []
        self._entries = self._bytes = 0

    def page(self, entries: int, size: int) -> None:
        """So many more were folded."""
        self._entries += entries
        self._bytes += size
        if self._entries > FRESH_ENTRIES or self._bytes > FRESH_BYTES:
            for mailbox in self.mailboxes:
                mailbox.compact()
            self.mailboxes.clear()
            self._entries = self._bytes = 0


def _digest(record: Record) -> bytes:
    event = record.event
    assert isinstance(event, EnvelopeAccepted)
    return envelope_digest(event, record.position.ms, record.body_digest())
