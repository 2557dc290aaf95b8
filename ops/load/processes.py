"""What each process of a running messenger used meanwhile."""

from pathlib import Path

import psutil

LOAD = "load"


class Usage:
    """CPU seconds and memory of every process in DATA/run, and of this one (`load`)."""

    def __init__(self, data: Path | None) -> None:
        self._processes = {LOAD: psutil.Process()}
        for path in sorted((data / "run").glob("*.pid")) if data else []:
            self._processes[path.stem] = psutil.Process(int(path.read_text().split()[0]))
        self._before = {name: self._cpu(name) for name in self._processes}

    def since(self) -> dict[str, tuple[float, int]]:
        """Per process: CPU seconds since this was made, and resident bytes now."""
        return {
            name: (self._cpu(name) - self._before[name], process.memory_info().rss)
            for name, process in self._processes.items()
            if process.is_running()
        }

    def _cpu(self, name: str) -> float:
        """CPU seconds of a process; with its children (PostgreSQL forks), but not a relay that we started."""
        process = self._processes[name]
        times = process.cpu_times()
        total = times.user + times.system
        if name == LOAD:
            return float(total)
        total += times.children_user + times.children_system
        for child in process.children(recursive=True):
            used = child.cpu_times()
            total += used.user + used.system
        return float(total)
