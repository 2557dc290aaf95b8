"""One instance per data directory, and nothing left over from the one before.

Promise: when `hold` has given the directory, no other supervisor works in it, and no process of an earlier
start lives, even if that was killed with `kill -9`.
"""

import fcntl
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from ops.child import end_group, living_pid, wait_until_gone
from ops.embedded.layout import Layout
from ops.errors import OperatorError

ORPHAN_SECONDS: Final = 20.0
"""How long an orphan may take to end by itself."""


@contextmanager
def hold(places: Layout, tell: Callable[[str], None]) -> Iterator[None]:
    """Holds the data directory. Raises OperatorError if another instance does."""
    descriptor = os.open(places.run / "supervisor.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            raise OperatorError(
                f"The data directory {places.data} is in use by another Sealstream (process {holder}). "
                "Stop that one, or choose another directory with --data or SEALSTREAM_DATA."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        end_orphans(places, tell)
        yield
    finally:
        os.close(descriptor)


def is_held(places: Layout) -> bool:
    """Whether a supervisor works in this data directory."""
    try:
        descriptor = os.open(places.run / "supervisor.lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def end_orphans(places: Layout, tell: Callable[[str], None], *, patience: float = ORPHAN_SECONDS) -> None:
    """Ends what an earlier start left running. Raises OperatorError if something will not go."""
    orphans = {path.stem: living_pid(path.stem, places) for path in sorted(places.run.glob("*.pid"))}
    for name, pid in orphans.items():
        if pid is not None:
            tell(f"Ending {name} (process {pid}), left over from an earlier start")
            end_group(pid, signal.SIGINT if name == "postgres" else signal.SIGTERM)
    for name, pid in orphans.items():
        if pid is not None and not wait_until_gone(name, places, patience):
            end_group(pid, signal.SIGKILL)
            if not wait_until_gone(name, places, patience):
                raise OperatorError(f"{name} of an earlier start does not end; stop process {pid} yourself.")
