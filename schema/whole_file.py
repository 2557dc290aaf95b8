"""Writing files so that they are there completely or not at all, also after a loss of power.

obstore's local store does neither sync nor close its files to others, so writing is done here; reading and
listing are obstore's.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def write_new(path: Path, data: bytes) -> bool:
    """Writes `path` unless it exists; whether it did. When it returns, the file is on the disk."""
    draft = _draft(path, data)
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    _sync_folder(path.parent)
    return True


def replace(path: Path, data: bytes) -> None:
    """Writes `path`, or what it held goes on being there."""
    _draft(path, data).replace(path)
    _sync_folder(path.parent)


def remove_folder(folder: Path) -> None:
    """Removes a folder in which nothing is but drafts that a crash left."""
    if not folder.is_dir():
        return
    for draft in folder.glob(".*"):
        draft.unlink(missing_ok=True)
    with suppress(OSError):  # somebody writes there just now
        folder.rmdir()


def _draft(path: Path, data: bytes) -> Path:
    if not path.parent.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_folder(path.parent.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        draft.unlink()
        raise
    return draft


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
