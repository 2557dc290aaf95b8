"""The whole messenger as a host starts it: `sealstream up` in a process of its own."""

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil

from tests.support import prepared
from tests.support.processes import ROOT, Process
from tests.support.quick import QUICK

READY = "Sealstream is ready at "
ROOMY = {
    "SEALSTREAM_REGISTRATIONS_PER_HOUR": "100000",
    "SEALSTREAM_LOGINS_PER_MINUTE": "100000",
    "SEALSTREAM_REFRESHES_PER_MINUTE": "100000",
}
"""All test users share one address; the limits per user stay as they are."""

PARTITIONS = "4"
"""Fewer than by default: each is one more lease to renew and one more stream to read."""


def free_ports(count: int) -> int:
    """The first of `count` neighbouring free ports, below those that outgoing connections are given: one of
    these may be taken again at any moment."""
    while True:
        first = random.randrange(15_000, 32_000)
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first


@contextmanager
def data_folder() -> Iterator[Path]:
    """A data directory: short (sockets lie in it), passable (PostgreSQL is another user), gone at the end."""
    with tempfile.TemporaryDirectory(prefix="sealstream-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "data"


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """The process and what it forked stand still (SIGSTOP) meanwhile."""
    leader = psutil.Process(pid)
    leader.suspend()  # first: it must not fork any more
    family = [leader, *leader.children(recursive=True)]
    for member in family[1:]:
        member.suspend()
    try:
        yield
    finally:
        for member in family:
            member.resume()


def clean_environment(**settings: str) -> dict[str, str]:
    """Ours without the operator's settings, and with these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEALSTREAM_")}
    return kept | settings


class Stack:
    """A running `sealstream up`. `pid(NAME)` and `kill(NAME)` reach its children.

    By default its processes are forks, its database is prepared, and its times are `tests.support.quick`;
    `as_a_host_does` starts it by the command, with nothing prepared and production's times."""

    def __init__(
        self,
        data: Path,
        *,
        nodes: int = 1,
        constants: Mapping[str, float] = QUICK,
        as_a_host_does: bool = False,
        **settings: str,
    ) -> None:
        self.data = data
        self._constants = constants
        self._as_a_host_does = as_a_host_does
        self.nodes = nodes
        self.port = free_ports(nodes)
        few = {} if as_a_host_does else {"SEALSTREAM_PARTITIONS": PARTITIONS}
        self.settings = {**ROOMY, **few, **settings}
        self.output: list[str] = []
        self._process: Process | subprocess.Popen[str] | None = None

    def url(self, node: int = 0) -> str:
        """The address of a node."""
        return f"http://127.0.0.1:{self.port + node}"

    def start(self, *, seconds: float = 90.0) -> "Stack":
        """Starts, and returns when the address was printed."""
        environment = clean_environment(
            SEALSTREAM_PORT=str(self.port),
            SEALSTREAM_NODES=str(self.nodes),
            SEALSTREAM_DATA=str(self.data),
            **self.settings,
        )
        self._process, lines = self._begin(environment)
        ready = threading.Event()
        threading.Thread(target=self._read, args=(lines, ready), daemon=True).start()
        deadline = time.monotonic() + seconds
        while not ready.wait(0.1):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                self._process.wait()
                raise RuntimeError("it did not come up\n" + "\n".join(self.output[-40:]))
        return self

    def _begin(self, environment: dict[str, str]) -> "tuple[Process | subprocess.Popen[str], IO[str]]":
        if self._as_a_host_does:
            process = subprocess.Popen(
                [sys.executable, "-m", "ops.cli", "up"],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=ROOT,
            )
            assert process.stdout is not None
            return process, process.stdout
        if "SEALSTREAM_DATABASE_URL" not in environment and not (self.data / "postgres").exists():
            prepared.place(self.data)
        return Process.with_lines("sealstream", "up", environment=environment, constants=self._constants)

    def _read(self, output: IO[str], ready: threading.Event) -> None:
        with output as lines:
            for line in lines:
                self.output.append(line.rstrip())
                if READY in line:
                    ready.set()

    def pid(self, name: str) -> int:
        """The process id of a child: log, board, postgres, node-0, projector, pusher, …"""
        return int((self.data / "run" / f"{name}.pid").read_text().split()[0])

    def kill(self, name: str) -> int:
        """`kill -9` of a child; its process id."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_restarted(self, name: str, before: int, *, seconds: float = 30.0) -> None:
        """Returns when the child runs again under another process id."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                pid = self.pid(name)
                os.kill(pid, 0)
            except (OSError, ValueError, IndexError):
                pid = before
            if pid != before:
                return
            time.sleep(0.05)
        raise TimeoutError(f"{name} was not started again\n" + "\n".join(self.output[-20:]))

    def stop(self, *, signum: int = signal.SIGTERM) -> int:
        """Drains; the exit status."""
        assert self._process is not None
        self._process.send_signal(signum)
        try:
            return self._process.wait(40)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise

    def logs(self) -> dict[str, str]:
        """What every child wrote to its log."""
        return {path.stem: path.read_text(errors="replace") for path in (self.data / "logs").glob("*.log")}
