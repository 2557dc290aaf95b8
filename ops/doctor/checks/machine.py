"""The machine: free space where the data lies, and how many files the relay's processes may open."""

import resource
import shutil
from pathlib import Path
from typing import Final

import psutil

from ops.doctor.finding import Finding, green, red
from ops.doctor.patient import Patient
from ops.embedded.layout import Layout, layout
from ops.supervisor import instance
from ops.words import count, size
from relay.admission.room import Room
from schema.open_files import MOST

FREE_AT_LEAST: Final = 1024**3
REWRITE_ROOM: Final = 1.5
"""A rewrite of the log's file needs room for a second one."""
FILES_AT_LEAST: Final = 1024
"""Every connection of a client is an open file."""


async def disk(patient: Patient) -> list[Finding]:
    """Free space at the data directory."""
    data = patient.settings.data
    place = next(folder for folder in (data, *data.parents) if folder.exists())
    return [room(place, shutil.disk_usage(place).free, _bytes_in(layout(data).data / "log"))]


def room(place: Path, free: int, log_bytes: int) -> Finding:
    """Judges the free bytes at `place`, where a log of `log_bytes` lies."""
    needed = max(FREE_AT_LEAST, int(REWRITE_ROOM * log_bytes))
    if free >= needed:
        return green("disk", f"{size(free)} free at {place}")
    return red(
        "disk", f"{size(free)} free at {place}, {size(needed)} needed",
        "Make room (DATA/logs, old backups), or move the data directory to a larger disk.",
    )  # fmt: skip


async def open_files(patient: Patient) -> list[Finding]:
    """The limit of the running nodes and servers; where none runs here, the one that they would have."""
    places = layout(patient.settings.data)
    found = _limits(places) if instance.is_held(places) else {}
    return [files(found or {"a process started here": _most(resource.getrlimit(resource.RLIMIT_NOFILE)[1])})]


def files(limits: dict[str, int]) -> Finding:
    """Judges how many files each process may open."""
    name, least = min(limits.items(), key=lambda item: item[1])
    words = f"{name} may open {count(least)}"
    nodes = [most for process, most in limits.items() if process.startswith("node-")]
    if nodes:
        words += f"; a node has room for {count(Room.within(min(nodes)).live)} sockets"
    if least >= FILES_AT_LEAST:
        return green("open files", words)
    return red(
        "open files", f"{words}, {count(FILES_AT_LEAST)} needed",
        "Raise the hard limit (`ulimit -Hn 65536`, LimitNOFILE= in systemd) and start again.",
    )  # fmt: skip


def _limits(places: Layout) -> dict[str, int]:
    limits = {}
    for path in sorted(places.run.glob("*.pid")):
        try:
            process = psutil.Process(int(path.read_text("ascii").split()[0]))
            soft = process.rlimit(resource.RLIMIT_NOFILE)[0]  # type: ignore[attr-defined, unused-ignore]
        except (OSError, ValueError, IndexError, AttributeError, psutil.Error):
            continue  # it ended, is somebody else's, or this system does not tell
        limits[path.stem] = _most(soft)
    return limits


def _most(limit: int) -> int:
    """Psutil and the standard library write "no limit" as a negative number, or a very large one."""
    return MOST if limit < 0 else min(limit, MOST)


def _bytes_in(folder: Path) -> int:
    try:
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    except OSError:
        return 0
