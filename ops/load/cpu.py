"""CPU time of each process of an instance, by its pid files."""

import os
from pathlib import Path
from typing import Final

import psutil

LOAD: Final = "(this load tool)"


def cpu_seconds(data: Path) -> dict[str, float]:
    """Name → user and system seconds so far, forked processes included."""
    found = {LOAD: _seconds(psutil.Process(os.getpid()))}
    for path in sorted((data / "run").glob("*.pid")):
        try:
            process = psutil.Process(int(path.read_text("ascii")))
            family = [process, *process.children(recursive=True)]
        except (psutil.Error, ValueError):
            continue
        found[path.stem] = sum(_seconds(member) for member in family)
    return found


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)
