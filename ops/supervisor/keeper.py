"""Keeps one program running: what dies is started again, later each time, for ever.

Invariant: at most one process of the program lives; a new one starts only after the old one and all that it
forked are gone (the pid file's lock).
"""

import signal
import time
from collections.abc import Callable
from typing import Final

from ops.child import Child, Program, StillAlive, end_group
from ops.embedded.layout import Layout
from ops.errors import OperatorError
from schema.backoff import Backoff

STABLE_SECONDS: Final = 20.0
"""Having lived so long, a program's next wait is the shortest again."""

NOT_MENDED_BY_WAITING: Final = (PermissionError, FileNotFoundError, NotADirectoryError)
"""The machine's refusals of a file that this user may not run or reach."""


class Keeper:
    """`make` is asked for the program at every start. `ends` counts how often it died by itself."""

    def __init__(
        self, name: str, make: Callable[[], Program], places: Layout, tell: Callable[[str], None]
    ) -> None:
        self.name = name
        self.ends = 0
        self._make = make
        self._places = places
        self._tell = tell
        self._child: Child | None = None
        self._backoff = Backoff(first=0.2, factor=2.0, most=15.0)
        self._due = 0.0

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._child.pid if self._child else None

    def tick(self) -> None:
        """Looks once: notes an end, starts what is due. Raises OperatorError from a first start only."""
        now = time.monotonic()
        if self._child is not None:
            status = self._child.exit_status()
            if status is None:
                if now - self._child.started > STABLE_SECONDS:
                    self._backoff.reset()
                return
            self._note_end(status, now)
        if now >= self._due:
            self._start(now)

    def ask_to_end(self) -> None:
        """Asks the program to end in order; it is not started again until the next tick."""
        if self._child is not None and self._child.exit_status() is None:
            self._child.ask_to_end()

    def has_ended(self) -> bool:
        """Whether no process is left to wait for."""
        return self._child is None or self._child.exit_status() is not None

    @property
    def grace_seconds(self) -> float:
        """How long it may take to end."""
        return self._child.program.grace_seconds if self._child else 0.0

    def kill(self) -> None:
        """Ends it at once."""
        if self._child is not None:
            self._child.kill()

    def _note_end(self, status: int, now: float) -> None:
        assert self._child is not None
        end_group(self._child.pid, signal.SIGKILL)
        self._child = None
        self.ends += 1
        wait = self._backoff.next()
        self._due = now + wait
        self._tell(f"{self.name} ended ({described(status)}); starting it again in {wait:.1f} s")

    def _start(self, now: float) -> None:
        try:
            self._child = Child.start(self._make(), self._places)
        except StillAlive:
            self._due = now + 0.1  # what it forked is still on its way out
        except (OSError, OperatorError) as error:
            if self.ends == 0 and isinstance(error, OperatorError):
                raise
            if self.ends == 0 and isinstance(error, NOT_MENDED_BY_WAITING):
                raise OperatorError(
                    f"{self.name} cannot be started: {error.strerror}: {error.filename}."
                ) from error
            wait = self._backoff.next()
            self._due = now + wait
            self._tell(f"{self.name} cannot be started ({error}); trying again in {wait:.1f} s")


def described(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
