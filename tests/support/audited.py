"""The product's fold and comparison over what a test holds in its hands: records, the oracle's rows, a
directory."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final

from schema.signal import fingerprint
from tests.workers.oracle import Tables
from workers.replay.comparison import Comparison, Missing, early_takings
from workers.replay.fold import Fold
from workers.replay.records import Page, Record
from workers.replay.rows import Row
from workers.replay.violations import Violation

PAGE: Final = 7


def folded(entries: list[Record], partition: int = 0, *, complete: bool = True, page: int = PAGE) -> Fold:
    """The fold of a partition's entries, a few at a time."""
    fold = Fold(partition, complete=complete)
    for begin in range(0, len(entries), page):
        part = entries[begin : begin + page]
        fold.take(Page(partition, part, [], part[-1].position))
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
                    body = sha256(row[7]).digest()
                    yield table, (*row[:7], body, row[8], logged.get((*row[:3], row[8]), 0))
                case _:
                    yield table, row


def audited(folds: Iterable[Fold], found: list[tuple[str, Row]]) -> list[Violation]:
    """What is wrong with the log and the rows. Of a row whose user no fold has, the first fold says so.
    What was taken early counts at once."""
    folds = list(folds) or [Fold(0, complete=True)]
    of_user = {number: fold for fold in folds for number in fold.users}
    comparison = Comparison(folds, lambda user: of_user.get(user.int, folds[0]))
    for table, row in found:
        comparison.take(table, row)
    for fold, user in list(comparison.suspects()):
        missing = Missing(fold, user)
        for table, row in found:
            if row[0] == user.user:
                missing.take(table, row)
        missing.name()
    for fold in folds:
        early_takings(fold)
    return [violation for fold in folds for violation in fold.violations]
