"""Every check, in the order of the report. A further one is a row here and a module beside it."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from ops.doctor.checks import (
    archive,
    blobs,
    clocks,
    durability,
    identity,
    limits,
    machine,
    reachability,
    reading,
    roles,
    tables,
)
from ops.doctor.finding import Finding
from ops.doctor.patient import Patient


class Check(msgspec.Struct, frozen=True):
    """`names`: of its lines in the report; `needs`: the servers without which it cannot run."""

    names: tuple[str, ...]
    needs: tuple[str, ...]
    run: Callable[[Patient], Awaitable[list[Finding]]]


CHECKS: Final = (
    Check(("settings",), (), reachability.settings),
    Check(("log",), (), reachability.log),
    Check(("board",), (), reachability.board),
    Check(("database",), (), reachability.database),
    Check(("durability",), ("log",), durability.durability),
    Check(("partitions",), ("log",), reading.partitions),
    Check(("tables",), ("database",), tables.tables),
    Check((roles.FUNCTIONS,), ("log", "board"), roles.functions),
    Check((roles.NAME,), ("log", "board", "database"), roles.roles),
    Check(("log id",), ("log", "database"), identity.log_id),
    Check(("clock",), ("log", "database"), clocks.clocks),
    Check(("memory",), ("log", "board"), limits.memory),
    Check(("disk",), (), machine.disk),
    Check(("archive",), ("database",), archive.archive),
    Check(("files",), ("database",), blobs.blobs),
    Check(("open files",), (), machine.open_files),
    Check(("workers",), ("board",), reading.workers),
    Check(("groups", "lag", "quarantine"), ("log",), reading.reading),
)
