"""Retries the chosen entries, partition by partition, and says what came of each."""

import msgspec

from ops.quarantine import listing
from ops.quarantine.listing import Listed, Row
from ops.reach import Reached
from ops.words import harmless
from schema.positions import Position
from workers.quarantine import SetAside
from workers.retrying.outcome import HANDLED, Outcome, Result
from workers.retrying.retry import Servers, retry


class Retried(msgspec.Struct, frozen=True):
    """The outcome of one group's entry."""

    entry: str
    group: str
    event: str
    result: Result
    reason: str

    @property
    def is_handled(self) -> bool:
        """Whether the entry left the quarantine."""
        return self.result in HANDLED


async def retry_all(reached: Reached, names: tuple[str, ...]) -> list[Retried]:
    """Retries the entries of those names (none: all). Raises OperatorError."""
    log_client = await reached.log()
    listed = await listing.read(log_client, with_fields=True)
    wanted = listing.chosen(listed, names) if names else listed
    if not wanted:
        return []
    servers = Servers(log_client, await reached.board(), await reached.database())
    retried: list[Retried] = []
    for partition in dict.fromkeys(one.row.partition for one in wanted):
        rows = [one for one in wanted if one.row.partition == partition]
        entries: list[SetAside] = [entry for one in rows for entry in one.entries]
        found = await retry(servers, partition, entries)
        retried += [part for one in rows for part in _of(one, found)]
    return retried


def _of(one: Listed, found: dict[tuple[str, Position], Outcome]) -> list[Retried]:
    return [
        _retried(one.row, group, found[group, Position.parse(one.row.position)]) for group in one.row.groups
    ]


def _retried(row: Row, group: str, outcome: Outcome) -> Retried:
    return Retried(row.entry, group, row.event, outcome.result, harmless(outcome.reason))
