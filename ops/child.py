"""One child process: its pid file, its log, its end.

Invariant: the pid file's lock (flock) is held exactly as long as the child or anything it forked lives. The
lock is inherited with the open file, so that a later start can tell a live orphan from a stale number, even
where the supervisor was killed and the number has been given to someone else.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.embedded.layout import Layout
from ops.embedded.owner import SAME_USER, Owner

LAUNCHER: Final = Path(__file__).with_name("launch.py")
KILLED_SECONDS: Final = 10.0
"""How long what a program forked may take to end after it."""


class StillAlive(Exception):
    """A process of an earlier start still lives under this name."""

    def __init__(self, name: str, pid: int | None) -> None:
        super().__init__(f"{name} of an earlier start still runs (process {pid})")
        self.name = name
        self.pid = pid


@dataclass(frozen=True)
class Program:
    """What to run; no `environment` means ours. `ask` is the signal for an orderly end; SIGKILL follows
    after `grace_seconds`."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] | None = None
    owner: Owner = SAME_USER
    ask: signal.Signals = signal.SIGTERM
    grace_seconds: float = 20.0


class Child:
    """A started program. It dies with this process (Linux), and never gets the terminal's Ctrl-C."""

    def __init__(self, program: Program, places: Layout, process: "subprocess.Popen[bytes]") -> None:
        self.program = program
        self._places = places
        self._process = process
        self.started = time.monotonic()

    @classmethod
    def start(cls, program: Program, places: Layout) -> "Child":
        """Call it from a thread that lives as long as the child may: Linux sends the parent-death signal
        when the *thread* ends. Raises StillAlive, and OSError when the machine refuses."""
        descriptor = _locked(program.name, places)
        try:
            if os.fstat(descriptor).st_size == 0:
                os.pwrite(descriptor, _pid_line(""), 0)  # a full disk refuses here, before anything runs
            with places.log_file(program.name).open("ab") as output:
                process = subprocess.Popen(
                    _command(program),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=program.environment,
                    pass_fds=(descriptor,),
                    start_new_session=True,
                )
            try:
                os.pwrite(descriptor, _pid_line(str(process.pid)), 0)
            except OSError:
                end_group(process.pid, signal.SIGKILL)  # nobody would find it again
                process.wait()
                raise
        finally:
            os.close(descriptor)
        return cls(program, places, process)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def exit_status(self) -> int | None:
        """None while it runs; negative for the signal that ended it."""
        return self._process.poll()

    def ask_to_end(self) -> None:
        """Sends the signal for an orderly end."""
        self._process.send_signal(self.program.ask)

    def kill(self) -> None:
        """Ends it and what it forked, at once, and waits until the name can be started again.

        What it forked into a session of its own (PostgreSQL's backends) ends by itself when it sees its
        parent dead, a moment later. Should it not, the next start of the name raises StillAlive."""
        end_group(self.pid, signal.SIGKILL)
        self._process.wait()
        wait_until_gone(self.program.name, self._places, KILLED_SECONDS)

    def stop(self) -> bool:
        """Asks, waits, and kills after the grace time. Whether it ended by itself."""
        self.ask_to_end()
        try:
            self._process.wait(self.program.grace_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        return True


def living_pid(name: str, places: Layout) -> int | None:
    """The process that runs as `name` in this data directory, of whatever start; None if none does."""
    try:
        os.close(_locked(name, places))
    except StillAlive as found:
        return found.pid
    except FileNotFoundError:
        return None
    return None


def wait_until_gone(name: str, places: Layout, seconds: float) -> bool:
    """Waits until nothing runs as `name`. False if something still does after `seconds`."""
    deadline = time.monotonic() + seconds
    while living_pid(name, places) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def end_group(leader: int, number: signal.Signals) -> None:
    """Signals a child and what it forked; no error if nothing of it is left."""
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):
        # macOS answers "not permitted" for a group of zombies.
        return


def _pid_line(pid: str) -> bytes:
    """Of one length, so that the number goes into room that the file has already."""
    return f"{pid:<10}\n".encode("ascii")


def _locked(name: str, places: Layout) -> int:
    path = places.pid_file(name)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        text = path.read_text("ascii").strip()
        raise StillAlive(name, int(text) if text.isdigit() else None) from None
    return descriptor


def _command(program: Program) -> list[str]:
    options = ["--parent", str(os.getpid()), "--on-parent-death", program.ask.name]
    if program.owner.user:
        options += ["--user", program.owner.user]
    if program.owner.pass_closed_folders:
        options += ["--pass-closed-folders"]
    return [sys.executable, "-I", str(LAUNCHER), *options, "--", *program.argv]
