"""The users of log and board: one for each role. Their passwords follow from one key, in a file.

Whoever can read that file (mode 0600) can be each of them. In one data directory, under one user of the
machine, roles keep a process from what it has no business with, not from what it could read on the disk.
"""

from pathlib import Path
from typing import Final

from schema.roles import ADMIN, ROLES, on_valkey
from schema.roles.passwords import for_valkey, password
from schema.roles.valkey import access_list
from schema.secret_file import read_or_create

KEY: Final = "roles.key"


def key_in(folder: Path) -> bytes:
    """The key in `folder`. The first call makes it."""
    return read_or_create(folder / KEY, "The key of the roles' passwords")


def login(key: bytes, server: str, role: str) -> str:
    """`USER:PASSWORD` of the role, as it stands in an address."""
    return f"{on_valkey(role)}:{password(key, server, role)}"


def users(key: bytes, server: str) -> str:
    """The text of the server's aclfile."""
    hashes = {role: for_valkey(password(key, server, role)) for role in (ADMIN, *ROLES)}
    return "".join(f"{line}\n" for line in access_list(server, hashes))
