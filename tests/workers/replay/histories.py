"""Histories for tests of replay: stories as records, and the rows that they leave."""

from collections.abc import Iterable

from schema.positions import Position
from tests.support.audited import audited, folded, rows
from tests.workers.oracle import Oracle
from tests.workers.stories import Said
from workers.replay.fold import Fold
from workers.replay.records import Record
from workers.replay.rows import Row
from workers.replay.violations import Violation

__all__ = ["compared", "folded", "oracle_rows", "records"]


def records(story: Iterable[Said], first: int = 1) -> list[Record]:
    """At the positions 1-0, 2-0, …"""
    return [
        Record(0, Position(number, 0), seq or None, event, None, 100)
        for number, (event, seq) in enumerate(story, first)
    ]


def compared(fold: Fold, found: list[tuple[str, Row]]) -> list[Violation]:
    """What is wrong with the log and the rows."""
    return audited([fold], found)


def oracle_rows(entries: list[Record]) -> list[tuple[str, Row]]:
    """The rows that the entries, applied one after the other, leave."""
    oracle = Oracle()
    for entry in entries:
        oracle.apply(entry.event, entry.seq or 0)
    return list(rows(oracle.tables(), entries))
