"""The violations of an audit, in words. Bounded: the first thousand are kept, all are counted."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

import msgspec

from schema.positions import Position

KEPT: Final = 1000


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it must be. `kind` is a slug for machines, `text` a sentence for people.
    `segment`: the number of an archive's segment."""

    kind: str
    text: str
    partition: int | None = None
    position: Position | None = None
    user: UUID | None = None
    device: int | None = None
    segment: int | None = None


class Violations:
    """Those of one partition, by user: a deleted account takes its own along (its entries are being
    erased)."""

    def __init__(self) -> None:
        self._of: dict[UUID | None, list[Violation]] = {}
        self._more: dict[UUID | None, int] = {}
        self._kept = 0

    def add(self, violation: Violation) -> None:
        """Keeps it, or counts it."""
        if self._kept < KEPT:
            self._of.setdefault(violation.user, []).append(violation)
            self._kept += 1
        else:
            self._more[violation.user] = self._more.get(violation.user, 0) + 1

    def forgive(self, user: UUID) -> None:
        """Drops those of a deleted account."""
        self._kept -= len(self._of.pop(user, ()))
        self._more.pop(user, None)

    def __len__(self) -> int:
        return self._kept + sum(self._more.values())

    def __iter__(self) -> Iterator[Violation]:
        for found in self._of.values():
            yield from found
