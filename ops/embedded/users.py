"""The users of the embedded log and board: one for each role. Their passwords follow from DATA/roles.key.

Whoever can read that file (mode 0600) can be each of them: in one data directory, under one user of the
machine, roles keep a process from what it has no business with, not from what it could read on the disk.
"""

import os
from pathlib import Path
from typing import Final

from ops.embedded.layout import Layout
from schema.roles import ADMIN, ROLES, on_valkey
from schema.roles.passwords import for_valkey, password
from schema.roles.valkey import access_list
from schema.secret_file import read_or_create

KEY: Final = "roles.key"


def login(server: str, role: str, places: Layout) -> str:
    """`USER:PASSWORD` of the role, as it stands in an address. The first call makes the key."""
    return f"{on_valkey(role)}:{_password(server, role, places)}"


def write_access_list(server: str, places: Layout) -> Path:
    """Writes the file that the server reads its users from; nobody else may read it."""
    hashes = {role: for_valkey(_password(server, role, places)) for role in (ADMIN, *ROLES)}
    path = places.run / f"{server}.acl"
    draft = path.with_suffix(".acl.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in access_list(server, hashes)))
    return draft.replace(path)


def _password(server: str, role: str, places: Layout) -> str:
    return password(read_or_create(places.data / KEY, "The key of the roles' passwords"), server, role)
