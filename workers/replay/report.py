"""The report of an audit: positions, numbers, violations."""

import msgspec

from schema.positions import Position
from workers.replay.violations import KEPT, Violation


class PartitionReport(msgspec.Struct, frozen=True, kw_only=True):
    """`begins`: the first entry; `complete`: nothing was before it. `tables`: the projector's checkpoint
    that PostgreSQL was compared at; `directory`: where the log ended when the directory was (None: not
    compared). accepted = delivered + owed + expired + dropped, since `begins`; `entries` and `bytes` count
    everything that was read."""

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
    first thousand. `notes`: what limits the audit and is no violation."""

    partitions: list[PartitionReport]
    violations: list[Violation]
    found: int
    rows: int
    older_rows: int
    seconds: float
    notes: list[str] = []

    @property
    def touched(self) -> bool:
        """Whether there was anything to look at."""
        return self.rows > 0 or any(row.entries for row in self.partitions)

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return self.found == 0


def merged(reports: list[Report]) -> Report:
    """The report of audits that ran at the same time, each of other partitions."""
    violations = [violation for report in reports for violation in report.violations]
    return Report(
        partitions=sorted(
            (row for report in reports for row in report.partitions), key=lambda row: row.partition
        ),
        violations=violations[:KEPT],
        found=sum(report.found for report in reports),
        rows=sum(report.rows for report in reports),
        older_rows=sum(report.older_rows for report in reports),
        seconds=max(report.seconds for report in reports),
        notes=[note for report in reports for note in report.notes],
    )
