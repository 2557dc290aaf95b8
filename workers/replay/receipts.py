"""Receipts checked against the relay's keys and its log or archive.

A receipt is proven if one of the relay's keys signed it and the entry that it names exists, equal in every
part. A missing entry makes it a lie only if the entry must exist: not where the relay no longer keeps that
time, where the account is gone, or where the source has a fault.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal
from uuid import UUID

import msgspec

from schema.events import EnvelopeAccepted
from schema.positions import START, Position
from schema.receipts import Acceptance, is_signed, kid_of
from schema.relay_keys import PublicKeys
from workers.replay.records import Page, Record, Source

Finding = Literal[
    "proven",
    "unknown key", "wrong signature", "other log", "no such number", "other envelope", "other digest",
    "other time",
    "not kept", "account gone", "source damaged",
]  # fmt: skip
LIES: Final[frozenset[Finding]] = frozenset(
    {
        "unknown key", "wrong signature", "other log", "no such number", "other envelope", "other digest",
        "other time",
    }
)  # fmt: skip
NEAR_MS: Final = 600_000
"""The node's clock and the log's differ by less, as a rule: there an entry is looked for first."""

Mailbox = tuple[UUID, int, int]
"""User, device, number."""


class Signed(msgspec.Struct, frozen=True):
    """A receipt and what it says."""

    acceptance: Acceptance
    receipt: bytes


class Verdict(msgspec.Struct, frozen=True):
    """`entry`: the log's entry with that number, if there is one."""

    signed: Signed
    finding: Finding
    entry: Record | None = None

    @property
    def is_lie(self) -> bool:
        """Whether the receipt is not true."""
        return self.finding in LIES


def by_signature(signed: Signed, keys: PublicKeys) -> Finding | None:
    """What is wrong with the signature; None if nothing is."""
    key = keys.get(kid_of(signed.receipt))
    if key is None:
        return "unknown key"
    return None if is_signed(signed.acceptance, signed.receipt, key) else "wrong signature"


class Search:
    """Looks for the entries of receipts of one partition, near the times that they name first."""

    def __init__(self, source: Source, partition: int, wanted: Iterable[Acceptance]) -> None:
        self._source = source
        self._partition = partition
        self._wanted: dict[Mailbox, list[Acceptance]] = {}
        for acceptance in wanted:
            self._wanted.setdefault(_mailbox(acceptance), []).append(acceptance)
        self._missing = sum(map(len, self._wanted.values()))
        self.entries: dict[Mailbox, list[Record]] = {}
        self.unreadable: set[UUID | None] = set()
        """Users of entries that cannot be read (None: even that is not known)."""

    async def run(self, progress: Callable[[int], None]) -> None:
        """Fills `entries`; everything is read unless all are found before. Raises Overtaken."""
        times = [acceptance.at for group in self._wanted.values() for acceptance in group]
        begin = Position(max(0, min(times) - NEAR_MS), 0)
        upto = Position(max(times) + NEAR_MS, 0)
        end = (await self._source.extent(self._partition)).last
        for after, last in ((begin, upto), (START, begin), (upto, end)):
            if after >= min(last, end):
                continue
            async for page in self._source.pages(self._partition, after, min(last, end)):
                self._take(page)
                progress(len(page.records))
                if not self._missing:
                    return

    def entry(self, acceptance: Acceptance) -> Record | None:
        """The entry that is equal, else another one with that number."""
        found = self.entries.get(_mailbox(acceptance), [])
        equal = (record for record in found if difference(acceptance, record) is None)
        return next(equal, found[-1] if found else None)

    def _take(self, page: Page) -> None:
        self.unreadable |= {entry.user for entry in page.unreadable}
        for record in page.records:
            event = record.event
            if not isinstance(event, EnvelopeAccepted):
                continue
            mailbox = (event.user, event.device, record.seq or 0)
            if (wanted := self._wanted.get(mailbox)) is not None:
                self.entries.setdefault(mailbox, []).append(record)
                self._missing -= sum(difference(one, record) is None for one in wanted)


def difference(acceptance: Acceptance, record: Record) -> Finding | None:
    """What the entry with that number has otherwise; None if it is the one."""
    event = record.event
    assert isinstance(event, EnvelopeAccepted)
    if event.id != acceptance.id:
        return "other envelope"
    if record.body_digest() != acceptance.digest:
        return "other digest"
    return None if event.at == acceptance.at else "other time"


def missing(
    acceptance: Acceptance, *, begins: Position | None, gone: Mapping[UUID, bool], damaged: bool
) -> Finding:
    """What a missing entry means. `begins`: the first that is kept where the beginning is not, else None.
    `gone`: whether the account is. `damaged`: the source has a fault that may hide the entry."""
    if gone[acceptance.user_id]:
        return "account gone"
    if begins is not None and acceptance.at < begins.ms + NEAR_MS:
        return "not kept"
    return "source damaged" if damaged else "no such number"


def _mailbox(acceptance: Acceptance) -> Mailbox:
    return acceptance.user_id, acceptance.device_id, acceptance.seq
