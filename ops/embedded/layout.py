"""The data directory: where everything that the embedded servers keep, write or listen on lies.

    DATA/log/        the log's append-only file
    DATA/board/      the board's working directory (it keeps nothing)
    DATA/postgres/   the database cluster
    DATA/run/        pid files, sockets, generated configuration
    DATA/logs/       one text log per process
    DATA/archive/    stretches of the log that were trimmed (retention's)
    DATA/*.key       secrets of the relay

The sockets are the only way in: no port is opened, and the file system's rights say who may connect.
A socket's address is at most 103 bytes (macOS; 107 on Linux) and goes into URLs, so that a long or
unusual data path puts them into a private folder under /tmp instead (not $TMPDIR: every later command
must find the same place).
"""

import os
import re
import stat
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from ops.errors import OperatorError

SOCKET_ADDRESS_BYTES: Final = 103
_LONGEST_NAME: Final = "postgres/.s.PGSQL.5432.lock"
_PLAIN: Final = re.compile(r"[A-Za-z0-9/._-]+")


@dataclass(frozen=True)
class Layout:
    """The places inside one data directory. `sockets` is where the servers listen."""

    data: Path
    sockets: Path

    @property
    def run(self) -> Path:
        """Pid files and generated configuration."""
        return self.data / "run"

    @property
    def logs(self) -> Path:
        """One text log per process."""
        return self.data / "logs"

    def pid_file(self, name: str) -> Path:
        """Holds the process id of the child `name`."""
        return self.run / f"{name}.pid"

    def log_file(self, name: str) -> Path:
        """What the child `name` printed."""
        return self.logs / f"{name}.log"


def layout(data: Path, *, short: Path = Path("/tmp")) -> Layout:  # noqa: S108 - ownership is checked
    """The places of `data` (absolute). Creates nothing."""
    inside = data / "run"
    longest = len(os.fsencode(inside / _LONGEST_NAME))
    if longest <= SOCKET_ADDRESS_BYTES and _PLAIN.fullmatch(str(inside)):
        return Layout(data, inside)
    name = f"sealstream-{os.getuid()}-{sha256(os.fsencode(data)).hexdigest()[:12]}"
    return Layout(data, short / name)


def prepare(places: Layout, *, traversable: bool) -> None:
    """Creates the folders, closed to others; `traversable` lets the database's own user pass through.

    Raises OperatorError when they cannot be made, or when a stranger owns the place of the sockets."""
    passage = 0o711 if traversable else 0o700
    try:
        places.data.mkdir(parents=True, exist_ok=True)
        for folder, mode in (
            (places.data, passage),
            (places.run, passage),
            (places.sockets, passage),
            (places.logs, 0o700),
        ):
            folder.mkdir(exist_ok=True)
            _refuse_a_strangers(folder)
            folder.chmod(mode)
    except OSError as error:
        raise OperatorError(
            f"The data directory {places.data} cannot be used: {error.strerror} ({error.filename}). "
            "Choose another with --data or SEALSTREAM_DATA."
        ) from error


def _refuse_a_strangers(folder: Path) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise OperatorError(f"{folder} belongs to someone else; remove it or choose another data directory.")
