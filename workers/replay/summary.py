"""The log in numbers: accepted over time, delays of delivery, what is owed and for how long,
refusals.

Pure. Time is cut into `BINS` equal parts. A delay runs from the position of the acceptance to that of the
acknowledgement, both by the log's clock; delays are counted in steps of nine per cent.
"""

from collections import Counter, deque
from math import exp2, log2
from typing import Final

import msgspec

from schema.events import (
    AccountDeleted,
    DeviceClosed,
    EnvelopeAccepted,
    EnvelopesAcknowledged,
    EnvelopesExpired,
    IdentitySet,
    Refused,
)
from workers.replay.records import Record

BINS: Final = 60
STEPS: Final = 8
"""Steps of a delay per doubling."""
PERCENTILES: Final = (0.5, 0.95, 0.99)
AGES: Final = (
    ("under a minute", 60_000),
    ("under an hour", 3_600_000),
    ("under a day", 86_400_000),
    ("under a week", 7 * 86_400_000),
    ("a week or more", None),
)


class Summary(msgspec.Struct, kw_only=True):
    """`begin` and `end` in ms. `accepted` and `bytes` per part; `delays`: per part p50, p95 and p99 in ms
    (None where nothing was delivered), `delay` those of all; `refusals` per limit and part."""

    begin: int
    end: int
    entries: int = 0
    accepted: list[int]
    bytes: list[int]
    delivered: int = 0
    expired: int = 0
    dropped: int = 0
    owed: dict[str, int] = {}
    delay: list[float | None] = []
    delays: list[list[float | None]] = []
    refusals: dict[str, list[int]] = {}


class Summing:
    """Sums up records (those of a partition in order) and refusals between `begin` and `end` (ms)."""

    def __init__(self, begin: int, end: int) -> None:
        self._width = max(1, (end - begin) // BINS + 1)
        self._counts: list[Counter[int]] = [Counter() for _ in range(BINS)]
        self._waiting: dict[tuple[int, int], _Waiting] = {}
        self.summary = Summary(begin=begin, end=end, accepted=[0] * BINS, bytes=[0] * BINS)

    def take(self, record: Record) -> None:
        """One more record."""
        event, seq, at, sums = record.event, record.seq or 0, record.position.ms, self.summary
        sums.entries += 1
        box = (event.user.int, event.device)
        match event:
            case EnvelopeAccepted():
                part = self._part(at)
                sums.accepted[part] += 1
                sums.bytes[part] += record.size
                self._waiting.setdefault(box, _Waiting()).add(seq, at)
            case EnvelopesAcknowledged():
                delays = self._counts[self._part(at)]
                settled = self._settled(box, seq)
                sums.delivered += len(settled)
                for since in settled:
                    delays[round(STEPS * log2(max(1, at - since)))] += 1
            case EnvelopesExpired():
                sums.expired += len(self._settled(box, seq))
            case DeviceClosed():
                self._drop(box)
            case AccountDeleted():
                self._drop_others(box[0], None)
            case IdentitySet(change="replaced"):
                self._drop_others(*box)
            case _:
                pass

    def refused(self, event: Refused) -> None:
        """One more refusal."""
        if self.summary.begin <= event.at <= self.summary.end:
            parts = self.summary.refusals.setdefault(event.limit, [0] * BINS)
            parts[self._part(event.at)] += 1

    def done(self) -> Summary:
        """The sums, once everything was taken."""
        sums = self.summary
        sums.delays = [[percentile(counts, share) for counts in self._counts] for share in PERCENTILES]
        everything = sum(self._counts, Counter())
        sums.delay = [percentile(everything, share) for share in PERCENTILES]
        sums.owed = dict.fromkeys((name for name, _ in AGES), 0)
        for waiting in self._waiting.values():
            for since in waiting.since:
                sums.owed[_age(sums.end - since)] += 1
        return sums

    def _part(self, at: int) -> int:
        return min(BINS - 1, max(0, (at - self.summary.begin) // self._width))

    def _settled(self, box: tuple[int, int], upto: int) -> list[int]:
        waiting = self._waiting.get(box)
        return waiting.settle(upto) if waiting else []

    def _drop(self, box: tuple[int, int]) -> None:
        waiting = self._waiting.pop(box, None)
        self.summary.dropped += len(waiting.since) if waiting else 0

    def _drop_others(self, user: int, device: int | None) -> None:
        for box in [box for box in self._waiting if box[0] == user and box[1] != device]:
            self._drop(box)


class _Waiting:
    """When the envelopes after `base` were accepted."""

    __slots__ = ("base", "since")

    def __init__(self) -> None:
        self.base = 0
        self.since: deque[int] = deque()

    def add(self, seq: int, at: int) -> None:
        if seq != self.base + len(self.since) + 1:  # the first, or entries before it are missing
            self.since.clear()
            self.base = seq - 1
        self.since.append(at)

    def settle(self, upto: int) -> list[int]:
        count = max(0, min(len(self.since), upto - self.base))
        self.base = max(self.base, upto)
        return [self.since.popleft() for _ in range(count)]


def percentile(counts: "Counter[int]", share: float) -> float | None:
    """The delay (ms) that this share does not exceed."""
    total = counts.total()
    if not total:
        return None
    seen = 0
    for step in sorted(counts):
        seen += counts[step]
        if seen >= share * total:
            return round(exp2(step / STEPS), 1)
    return None


def _age(ms: int) -> str:
    return next(name for name, limit in AGES if limit is None or ms < limit)
