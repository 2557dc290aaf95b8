"""Whom PostgreSQL runs as: it refuses to be root, so that root must lend it another user.

Promise: whoever starts Sealstream, the database directory stays with one owner: once it belongs to someone
other than root, that user is taken again.
"""

import os
import pwd
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.errors import OperatorError

CANDIDATES: Final = ("sealstream", "postgres", "nobody")
"""In this order: a user made for it, the database's usual one, the one that every system has."""


@dataclass(frozen=True)
class Owner:
    """`user` is None where the caller's own user serves. `pass_closed_folders`: see ops.launch."""

    user: str | None
    pass_closed_folders: bool = False


SAME_USER: Final = Owner(None)


def owner_of(directory: Path, programs: Path) -> Owner:
    """Who runs the database that lies in `directory` with the programs below `programs`."""
    if os.geteuid() != 0:
        return SAME_USER
    entry = _present_owner(directory) or _first_candidate()
    closed = not (_may_pass(directory.parent, entry) and _may_pass(programs, entry))
    if closed and sys.platform != "linux":
        raise OperatorError(
            f"PostgreSQL does not run as root, and user {entry.pw_name} cannot reach {directory}. "
            "Start Sealstream as an ordinary user."
        )
    return Owner(entry.pw_name, pass_closed_folders=closed)


def hand_over(directory: Path, owner: Owner) -> None:
    """Makes `directory` and all in it the owner's, closed to everyone else. Creates it if need be."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    if owner.user is None:
        return
    entry = pwd.getpwnam(owner.user)
    if directory.stat().st_uid == entry.pw_uid:
        return
    for folder, _, files in os.walk(directory):
        for name in (folder, *(str(Path(folder, file)) for file in files)):
            shutil.chown(name, entry.pw_uid, entry.pw_gid)


def _present_owner(directory: Path) -> pwd.struct_passwd | None:
    try:
        uid = directory.stat().st_uid
    except OSError:
        return None
    if uid == 0:
        return None
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        raise OperatorError(
            f"{directory} belongs to user number {uid}, who has no name on this machine. "
            f"Start as that user, or hand it over: chown -R nobody {directory}"
        ) from None


def _first_candidate() -> pwd.struct_passwd:
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return entry
    raise OperatorError(
        "PostgreSQL does not run as root, and this machine has no other user for it "
        f"(looked for {', '.join(CANDIDATES)}). Start Sealstream as an ordinary user."
    )


def _may_pass(directory: Path, entry: pwd.struct_passwd) -> bool:
    """Whether `entry`, without root's rights, reaches `directory` and may pass through it."""
    for folder in (directory, *directory.parents):
        try:
            found = folder.stat()
        except OSError:
            return False
        bit = 0o100 if found.st_uid == entry.pw_uid else 0o010 if found.st_gid == entry.pw_gid else 0o001
        if not found.st_mode & bit:
            return False
    return True
