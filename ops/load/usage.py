"""What each process of an instance has used, found by its pid files."""

import os
from pathlib import Path
from typing import Final

import msgspec
import psutil

LOAD: Final = "(this load tool)"


class Usage(msgspec.Struct, frozen=True):
    """CPU time so far (user and system) and resident memory, of a process and what it forked."""

    cpu_seconds: float = 0.0
    memory_bytes: int = 0

    def since(self, before: "Usage | None") -> "Usage":
        """The CPU time that came after `before`; the memory of now."""
        return Usage(self.cpu_seconds - (before.cpu_seconds if before else 0.0), self.memory_bytes)


def pid_of(data: Path, name: str) -> int:
    """The process `name` of the instance in `data`."""
    return int((data / "run" / f"{name}.pid").read_text("ascii"))


def usage(data: Path) -> dict[str, Usage]:
    """Name → usage, for every process of the instance in `data` and for this one."""
    found = {LOAD: _sum([psutil.Process(os.getpid())])}
    for path in sorted((data / "run").glob("*.pid")):
        try:
            process = psutil.Process(int(path.read_text("ascii")))
            found[path.stem] = _sum([process, *process.children(recursive=True)])
        except (psutil.Error, ValueError):
            continue
    return found


def _sum(family: list[psutil.Process]) -> Usage:
    seconds, memory = 0.0, 0
    for member in family:
        try:
            times = member.cpu_times()
            seconds += times.user + times.system
            memory += member.memory_info().rss
        except psutil.Error:
            continue  # it has ended meanwhile
    return Usage(seconds, memory)
