"""What the clients themselves saw: every message accepted is shown once, in the order of its sender.

A client shows an envelope whose number is above all that it has stored, and drops every other one. The
checker compares with the servers; this needs nothing but the clients' histories."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from uuid import UUID

from tests.support.history import Device, History


@dataclass
class Shown:
    """`repeated` are envelopes that came again and were dropped, which is allowed."""

    messages: int = 0
    repeated: int = 0
    lost: list[UUID] = field(default_factory=list)
    twice: list[UUID] = field(default_factory=list)
    out_of_order: list[UUID] = field(default_factory=list)

    def wrong(self) -> list[str]:
        """Every fault, in words."""
        rows = (("lost", self.lost), ("shown twice", self.twice), ("shown out of order", self.out_of_order))
        return [f"{id_} was {what}" for what, ids in rows for id_ in ids]

    def __str__(self) -> str:
        return (
            f"{self.messages:,} shown; {len(self.lost)} lost, {len(self.twice)} shown twice, "
            f"{len(self.out_of_order)} out of order; {self.repeated:,} came again and were dropped"
        )


def shown(history: History) -> Shown:
    """Holds what was shown against what was sent."""
    found = Shown()
    heads: dict[Device, int] = defaultdict(int)
    times: Counter[tuple[Device, UUID]] = Counter()
    place = {(sent.to, sent.id): number for number, sent in enumerate(history.sent)}
    latest: dict[tuple[Device, Device], int] = {}
    for got in history.delivered:
        if got.seq <= heads[got.device]:
            found.repeated += 1
            continue
        heads[got.device] = got.seq
        found.messages += 1
        times[got.device, got.id] += 1
        number, pair = place.get((got.device, got.id), -1), (got.sender, got.device)
        if number < latest.get(pair, -1):
            found.out_of_order.append(got.id)
        latest[pair] = max(number, latest.get(pair, -1))
    found.twice = [id_ for (_, id_), count in times.items() if count > 1]
    found.lost = [
        sent.id for sent in history.sent if sent.outcome == "accepted" and not times[sent.to, sent.id]
    ]
    return found
