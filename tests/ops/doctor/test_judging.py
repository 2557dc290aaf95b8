"""The doctor's judgement of clocks, disks and limits."""

from pathlib import Path

import pytest

from ops.doctor.checks.clocks import judged
from ops.doctor.checks.machine import files, room

GIB = 1024**3


@pytest.mark.parametrize(
    ("log", "database", "is_well"), [(0.4, -0.4, True), (5.1, 0.0, False), (0.0, -3600.0, False)]
)
def test_a_clock_may_be_off_by_seconds(log: float, database: float, is_well: bool) -> None:
    finding = judged({"log": log, "database": database})
    assert finding.is_well is is_well
    assert finding.found == f"log {log:+.1f} s, database {database:+.1f} s against this machine"
    assert bool(finding.remedy) is not is_well


@pytest.mark.parametrize(
    ("free", "log", "is_well"), [(2 * GIB, 0, True), (GIB - 1, 0, False), (2 * GIB, 2 * GIB, False)]
)
def test_the_disk_has_room_for_a_rewrite_of_the_log(free: int, log: int, is_well: bool) -> None:
    assert room(Path("/data"), free, log).is_well is is_well


def test_the_process_that_may_open_least_is_named() -> None:
    assert files({"log": 4096, "board": 20_000}).found == "log may open 4,096"
    assert files({"node-0": 65_536, "log": 70_000}).found.endswith("; a node has room for 54,272 sockets")
    finding = files({"node-0": 256, "log": 20_000})
    assert finding.is_well is False
    assert finding.found == "node-0 may open 256; a node has room for 39 sockets, 1,024 needed"
