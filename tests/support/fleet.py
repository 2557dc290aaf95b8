"""Two nodes and two of each worker as processes of this machine, without a supervisor: a test starts, kills
and freezes each."""

import json
import subprocess
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from schema.roles import ADMIN, AUDITOR, NODE, WORKERS
from tests.support.processes import Process, run
from tests.support.quick import CHEAP
from tests.support.stack import free_ports, frozen

NODES: Final = 2
OF_EACH_WORKER: Final = 2
PARTITIONS: Final = 4
FUNCTIONS: Final = "functions"
"""The process that installs the functions on servers that came back empty."""

END_SECONDS: Final = 30.0
UPS: Final = frozenset({"node_up", "worker_up"})
"""Slugs of a process that is up."""

Environment = dict[str, str]


class Fleet:
    """`kill` ends a process, `start` begins one; its name is `node-0`, `projector-1`, …

    A subclass gives each process its environment. Logs lie in `logs`."""

    constants: Mapping[str, float] = CHEAP

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._port = free_ports(NODES)
        self._processes: dict[str, Process] = {}
        self._outputs: dict[str, Path] = {}
        self._ups_before: dict[str, int] = {}

    def environment(self, role: str, name: str = "") -> Environment:
        """The environment of a process of the role."""
        raise NotImplementedError

    @staticmethod
    def names() -> list[str]:
        """Every process of ours."""
        nodes = [f"{NODE}-{number}" for number in range(NODES)]
        return [*nodes, *(f"{name}-{number}" for name in WORKERS for number in range(OF_EACH_WORKER))]

    def url(self, node: int = 0) -> str:
        """The address of a node."""
        return f"http://127.0.0.1:{self._port + node}"

    def start(self, name: str) -> None:
        """Starts a process, as systemd or a container engine does."""
        kind, _, number = name.rpartition("-")
        role, words = {
            FUNCTIONS: (ADMIN, ("migrate", "--stay")),
            NODE: (NODE, ("node", "--index", number)),
        }.get(kind or name, (kind, ("worker", kind)))
        path = self._outputs[name] = self._logs / f"{name}.log"
        path.touch()
        self._ups_before[name] = self._ups(name)
        with path.open("ab") as output:
            self._processes[name] = Process(
                "sealstream",
                *words,
                environment=self.environment(role, name),
                constants=self.constants,
                output=output,
            )

    def kill(self, name: str) -> None:
        """`kill -9`."""
        process = self._processes.pop(name)
        process.kill()
        process.wait(10)

    def end(self, name: str) -> int:
        """Asks it to end, and waits; its exit status."""
        process = self._processes.pop(name)
        process.terminate()
        return process.wait(END_SECONDS)

    def came_up(self, name: str) -> bool:
        """Whether it said, since it was started last, that it is up."""
        return self._ups(name) > self._ups_before[name]

    def frozen(self, name: str) -> AbstractContextManager[None]:
        """The process stands still (SIGSTOP) meanwhile."""
        return frozen(self._processes[name].pid)

    def ended(self) -> dict[str, int]:
        """The exit status of each process that ended by itself."""
        found = {name: process.poll() for name, process in self._processes.items()}
        return {name: status for name, status in found.items() if status is not None}

    def command(self, *words: str, role: str = AUDITOR) -> "subprocess.CompletedProcess[str]":
        """A command of the command line, until it ends."""
        environment = {**self.environment(role), "COLUMNS": "80"}
        return run("sealstream", *words, environment=environment, timeout=600)

    def events(self) -> dict[str, list[str]]:
        """The slugs that each process logged."""
        return {name: self._events(name) for name in self._outputs}

    def is_up(self) -> bool:
        """Whether every process said that it is."""
        return all(self._ups(name) for name in self._outputs if name != FUNCTIONS)

    def _events(self, name: str) -> list[str]:
        lines = self._outputs[name].read_text().splitlines()
        return [json.loads(line)["event"] for line in lines if line[:1] == "{"]

    def _ups(self, name: str) -> int:
        return sum(slug in UPS for slug in self._events(name))

    def said(self) -> str:
        """Everything that the processes logged."""
        return "\n".join(f"== {name}\n{path.read_text()}" for name, path in self._outputs.items())

    def stop(self) -> dict[str, int | None]:
        """Drains everything; the exit status of each process, None of one that does not end."""
        for process in self._processes.values():
            process.terminate()
        deadline = time.monotonic() + END_SECONDS
        while any(process.poll() is None for process in self._processes.values()):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        return {name: process.poll() for name, process in self._processes.items()}

    def kill_all(self) -> None:
        """Ends what still runs."""
        for process in self._processes.values():
            process.kill()
            process.wait(10)
