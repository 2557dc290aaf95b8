"""All keepers of one instance: brought up stage by stage, watched, ended in the opposite order.

Order up: log, board and database; then (migrations between) workers; then nodes, so that the first client
finds everything. Order down: nodes drain, workers finish, PostgreSQL, board, and last the log.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from ops.embedded import valkey
from ops.embedded.layout import Layout
from ops.errors import OperatorError
from ops.supervisor import textlogs
from ops.supervisor.bell import Bell
from ops.supervisor.keeper import Keeper

FRUITLESS_STARTS: Final = 4
"""So many ends before everything is ready mean that starting again will not mend it."""
LOG_LINES: Final = 8
FIRST_WORD_SECONDS: Final = 3.0
FURTHER_WORDS_SECONDS: Final = 15.0


class Interrupted(Exception):
    """Somebody asked to stop before everything was up."""


class House:
    """The stages, in the order of their start. Call everything from the main thread."""

    def __init__(self, places: Layout, bell: Bell) -> None:
        self._places = places
        self._bell = bell
        self._stages: list[list[Keeper]] = []
        self._further: list[Callable[[], object]] = []

    def keep_up(self, further: Callable[[], object]) -> None:
        """Calls `further`, which must be quick, at each look at the keepers."""
        self._further.append(further)

    def bring_up(
        self, keepers: Sequence[Keeper], is_ready: Callable[[], str | None], tell: Callable[[str], None]
    ) -> None:
        """Adds a stage; returns when `is_ready` is None (else it says what is missing, told now and then).

        Raises OperatorError when something keeps dying meanwhile, and Interrupted."""
        self._stages.append(list(keepers))
        next_word = time.monotonic() + FIRST_WORD_SECONDS
        while True:
            self._tick()
            missing = is_ready()
            if missing is None:
                return
            for keeper in (keeper for stage in self._stages for keeper in stage):
                if keeper.ends >= FRUITLESS_STARTS:
                    raise OperatorError(self._fruitless(keeper.name))
            if time.monotonic() >= next_word:
                next_word += FURTHER_WORDS_SECONDS
                tell(f"Waiting for {missing}")
            if self._bell.asked:
                raise Interrupted
            self._bell.wait(0.05)

    def watch(self) -> None:
        """Keeps everything running until somebody asks to stop."""
        while not self._bell.asked:
            self._tick()
            textlogs.bound(self._places)
            valkey.log_files(self._places).note()
            self._bell.wait(0.5)

    def end(self, tell: Callable[[str], None]) -> None:
        """Ends everything, the last stage first. One more request to stop means: at once (within the
        first second it is the same one: a terminal and `make` may both pass it on)."""
        began, heard = time.monotonic(), self._bell.asked
        for stage in reversed(self._stages):
            for keeper in stage:
                keeper.ask_to_end()
            deadline = time.monotonic() + max((keeper.grace_seconds for keeper in stage), default=0.0)
            while not all(keeper.has_ended() for keeper in stage):
                now = time.monotonic()
                if now < began + 1.0:
                    heard = self._bell.asked
                hurried = self._bell.asked > heard
                if hurried or now > deadline:
                    for keeper in (keeper for keeper in stage if not keeper.has_ended()):
                        tell(f"{keeper.name} {'is' if hurried else 'did not end in time and is'} killed")
                        keeper.kill()
                    break
                self._bell.wait(0.1)
        self._stages.clear()

    def _tick(self) -> None:
        for stage in self._stages:
            for keeper in stage:
                keeper.tick()
        for further in self._further:
            further()

    def _fruitless(self, name: str) -> str:
        path = self._places.log_file(name)
        return f"{name} does not start. The last lines of {path}:\n{last_lines(path)}"


def last_lines(path: Path, count: int = LOG_LINES) -> str:
    """The end of a text log, indented."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        lines = []
    return "\n".join(f"  {line}" for line in lines[-count:]) or "  (empty)"
