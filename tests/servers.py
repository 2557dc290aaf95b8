"""Real servers for tests: the supervisor's own embedded Valkey (log and board) and PostgreSQL."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg

from ops.child import Child, Program
from ops.embedded import postgres, valkey
from ops.embedded.layout import layout, prepare
from tests.support import prepared

READY_SECONDS = 60.0


class Servers:
    """The three servers of one data directory. A test may kill or stop one; `revive` mends that."""

    def __init__(self, data: Path, *, memory_mb: int = 512, log_options: tuple[str, ...] = ()) -> None:
        """`log_options` are further arguments of the log's server."""
        self.places = layout(data)
        prepare(self.places, traversable=True)
        prepared.place(data)
        self._programs: dict[str, Callable[[], Program]] = {
            valkey.LOG: lambda: _with(
                valkey.program(valkey.LOG, self.places, memory_mb=memory_mb), log_options
            ),
            valkey.BOARD: lambda: valkey.program(valkey.BOARD, self.places),
            postgres.NAME: lambda: postgres.program(self.places),
        }
        self._children: dict[str, Child] = {}
        self._meddled = True
        self.revive()

    @property
    def log_url(self) -> str:
        return valkey.url(valkey.LOG, self.places)

    @property
    def board_url(self) -> str:
        return valkey.url(valkey.BOARD, self.places)

    def database_url(self, name: str = "postgres") -> str:
        return postgres.url(self.places, name)

    def pid(self, name: str) -> int:
        """The process id of `log`, `board` or `postgres` (for SIGSTOP and the like)."""
        self._meddled = True
        return self._children[name].pid

    def kill(self, name: str) -> None:
        """`kill -9`, forked processes included."""
        self._meddled = True
        self._children.pop(name).kill()

    def stop(self, name: str) -> None:
        """An orderly end."""
        self._meddled = True
        self._children.pop(name).stop()

    def revive(self) -> None:
        """Starts what does not run, and returns when all three answer. From the test's own thread only."""
        if not self._meddled and all(self.runs(name) for name in self._programs):
            return
        self.start_missing()
        deadline = time.monotonic() + READY_SECONDS
        while not self.answer():
            if time.monotonic() > deadline:
                raise TimeoutError("the embedded servers do not answer")
            time.sleep(0.02)
        self._meddled = False

    def start_missing(self, **otherwise: Program) -> None:
        """Starts what does not run, without waiting for it; `otherwise` gives another program for a name.
        From the test's own thread only."""
        for name in self._programs:
            self.start(name, otherwise.get(name))

    def start(self, name: str, program: Program | None = None) -> None:
        """Starts one server unless it runs, without waiting for it. From the test's own thread only."""
        self._meddled = True
        child = self._children.get(name)
        if child is None or child.exit_status() is not None:
            self._children[name] = Child.start(program or self.program(name), self.places)

    def runs(self, name: str) -> bool:
        """Whether the server has not ended."""
        return self._children[name].exit_status() is None

    def program(self, name: str) -> Program:
        """How the server is started."""
        return self._programs[name]()

    @contextmanager
    def standby(self) -> Iterator[None]:
        """PostgreSQL is a standby meanwhile, and is promoted at the end."""
        signal_file = self.places.data / postgres.NAME / "standby.signal"
        self.stop(postgres.NAME)
        signal_file.touch()
        owner = signal_file.with_name("PG_VERSION").stat()
        os.chown(signal_file, owner.st_uid, owner.st_gid)
        self.revive()
        try:
            yield
        finally:
            with psycopg.connect(self.database_url(), autocommit=True) as connection:
                connection.execute("SELECT pg_promote()")

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """PostgreSQL takes no writes meanwhile, in sessions that are open already either."""
        self._set_read_only("on")
        try:
            yield
        finally:
            self._set_read_only("off")

    def _set_read_only(self, value: str) -> None:
        with psycopg.connect(self.database_url(), autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")  # type: ignore[arg-type]
            connection.execute("SELECT pg_reload_conf()")

    def answer(self) -> bool:
        """Whether all three answer."""
        return all(self.answers(name) for name in self._programs)

    def answers(self, name: str) -> bool:
        """Whether one server does."""
        if name == postgres.NAME:
            return postgres.is_ready(self.database_url())
        return valkey.is_ready(valkey.url(name, self.places))

    def close(self) -> None:
        for name in list(self._children):
            self._children.pop(name).kill()


def _with(program: Program, arguments: tuple[str, ...]) -> Program:
    return replace(program, argv=(*program.argv, *arguments))
