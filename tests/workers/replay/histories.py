"""Histories for tests of replay: stories as pages, and the oracle's tables as the rows that are
compared."""

from collections.abc import Iterable, Iterator
from hashlib import sha256

from schema.signal import fingerprint
from tests.workers.oracle import Oracle, Tables
from tests.workers.stories import Said
from workers.positions import Position
from workers.replay.comparison import Comparison, Missing, early_takings
from workers.replay.fold import Fold
from workers.replay.records import Page, Record
from workers.replay.rows import Row
from workers.replay.violations import Violation


def records(story: Iterable[Said], first: int = 1) -> list[Record]:
    """At the positions 1-0, 2-0, …"""
    return [
        Record(0, Position(number, 0), seq or None, event, None, 100)
        for number, (event, seq) in enumerate(story, first)
    ]


def folded(entries: list[Record], *, complete: bool = True, page: int = 7) -> Fold:
    """The fold of the entries, a few at a time."""
    fold = Fold(0, complete=complete)
    for begin in range(0, len(entries), page):
        part = entries[begin : begin + page]
        fold.take(Page(0, part, [], part[-1].position))
    return fold


def rows(tables: Tables, entries: list[Record]) -> Iterator[tuple[str, Row]]:
    """The oracle's tables as the database gives its rows."""
    logged = {}
    for entry in entries:
        at = entry.event.user, entry.event.device, entry.seq, entry.event.at
        logged.setdefault(at, entry.position.ms)
    for table, found in tables.items():
        for row in found:
            match table:
                case "identities":
                    yield table, (*row, fingerprint(row[1]))
                case "envelopes":
                    yield (
                        table,
                        (*row[:7], sha256(row[7]).digest(), row[8], logged.get((*row[:3], row[8]), 0)),
                    )
                case _:
                    yield table, row


def compared(fold: Fold, found: list[tuple[str, Row]]) -> list[Violation]:
    """What is wrong with the log and the rows; what was taken early counts at once."""
    comparison = Comparison({0: fold}, 1)
    for table, row in found:
        comparison.take(table, row)
    for of, user in list(comparison.suspects()):
        missing = Missing(of, user)
        for table, row in found:
            if row[0] == user.user:
                missing.take(table, row)
        missing.name()
    early_takings(fold)
    return list(fold.violations)


def oracle_rows(entries: list[Record]) -> list[tuple[str, Row]]:
    """The rows that the entries, applied one after the other, leave."""
    oracle = Oracle()
    for entry in entries:
        oracle.apply(entry.event, entry.seq or 0)
    return list(rows(oracle.tables(), entries))
