"""What an audit says: as of which positions, in numbers, and what it found."""

import msgspec

from workers.positions import Position
from workers.replay.violations import Violation


class PartitionReport(msgspec.Struct, frozen=True, kw_only=True):
    """`begins`: the first entry; `complete`: nothing was before it. `tables`: the projector's checkpoint
    that PostgreSQL was compared at; `directory`: where the log ended when the directory was (None: not
    compared). accepted = delivered + owed + expired + dropped."""

    partition: int
    begins: Position | None
    complete: bool
    tables: Position | None
    directory: Position | None
    entries: int
    bytes: int
    accepted: int
    delivered: int
    owed: int
    expired: int
    dropped: int
    prekeys_taken: int
    violations: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`older_rows`: rows from before the log begins, of which it can say nothing. `violations` has the
    first thousand."""

    partitions: list[PartitionReport]
    violations: list[Violation]
    found: int
    rows: int
    older_rows: int
    seconds: float

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return self.found == 0
