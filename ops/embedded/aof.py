"""The log's files, looked at before its server starts: nothing that was answered is dropped in silence.

Invariant: the server starts on whole files only. A tail that no write ever finished was never answered (the
answer comes after the fsync): it is cut, and kept beside the files. Whatever else is missing or damaged ends
the start with what would be lost.

The server's program is its own checker when it is called by that name.
"""

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.errors import OperatorError

DIRECTORY: Final = "appendonlydir"
MANIFEST: Final = "appendonly.aof.manifest"
CHECKER: Final = "valkey-check-aof"
_LISTED: Final = re.compile(r"file (?:\"([^\"]+)\"|(\S+)) seq \d+ type ([bhi])")
_GOOD_UP_TO: Final = re.compile(r"ok_up_to=(\d+)")
_COMMAND: Final = re.compile(rb"\*\d+\r\n(?=\$\d+\r\n)")
_HEADER: Final = re.compile(rb"([*$]\d*\r?)?")
_ENTRY: Final = re.compile(rb"\$4\r\nXADD\r\n", re.IGNORECASE)
_BEGIN: Final = re.compile(rb"\*1\r\n\$5\r\nMULTI\r\n", re.IGNORECASE)
_COMMIT: Final = re.compile(rb"\*1\r\n\$4\r\nEXEC\r\n", re.IGNORECASE)


@dataclass(frozen=True)
class Files:
    """The files of a log in `folder`; `noted` names those that were seen with something in them."""

    folder: Path
    noted: Path

    @property
    def directory(self) -> Path:
        """Where the server keeps them."""
        return self.folder / DIRECTORY

    def note(self) -> None:
        """Remembers which files are not empty. Never raises for what the file system refuses."""
        try:
            names = sorted(path.name for path in self.directory.glob("*.aof") if path.stat().st_size)
            text = "".join(f"{name}\n" for name in names)
            if not self.noted.exists() or self.noted.read_text("utf-8") != text:
                self.noted.write_text(text, "utf-8")
        except OSError:
            return  # the next look does it

    def make_whole(self, server: Path, tell: Callable[[str], None]) -> None:
        """Cuts an unfinished tail, and says so. Raises OperatorError for any other damage."""
        names = self._listed()
        if not names:
            # A log that is gone as a whole begins anew: what is known of its files is of no use any more.
            self.noted.unlink(missing_ok=True)
        for name in names:
            self._check_not_lost(name)
        for name in names:
            path = self.directory / name
            good = good_bytes(path, server)
            if good is not None:
                self._cut(path, good, is_last=name == names[-1], tell=tell)

    def _listed(self) -> list[str]:
        """The names of the manifest, the newest last."""
        manifest = self.directory / MANIFEST
        try:
            lines = manifest.read_text("utf-8", "replace").splitlines()
        except FileNotFoundError:
            left = sorted(path.name for path in self.directory.glob("*.aof"))
            if left:
                raise _damaged(f"{manifest} is missing, but {', '.join(left)} is there") from None
            return []
        found = [match for line in lines if (match := _LISTED.match(line))]
        names = [
            quoted or plain for quoted, plain, kind in (match.groups() for match in found) if kind != "h"
        ]
        if not names:
            raise _damaged(f"{manifest} names no file")
        return names

    def _check_not_lost(self, name: str) -> None:
        path = self.directory / name
        if not path.exists():
            raise _damaged(f"{path} is missing")
        if path.stat().st_size == 0 and name in self._noted():
            raise _damaged(
                f"{path} is empty, but was not when the relay ran",
                f" If you put back a copy in which it is empty, remove {self.noted}.",
            )

    def _noted(self) -> list[str]:
        try:
            return self.noted.read_text("utf-8").splitlines()
        except OSError:
            return []

    def _cut(self, path: Path, good: int, *, is_last: bool, tell: Callable[[str], None]) -> None:
        size = path.stat().st_size
        with path.open("rb") as file:
            file.seek(good)
            tail = file.read()
        if not is_last or not is_unfinished(tail):
            raise _damaged(
                f"{path} is damaged at byte {good} of {size}: behind it lie {size - good} bytes with about "
                f"{len(_ENTRY.findall(tail))} entries, which would be lost"
            )
        kept = self.folder / f"{path.name}.cut-at-{good}"
        with kept.open("wb") as copy:
            copy.write(tail)
            copy.flush()
            os.fsync(copy.fileno())
        with path.open("r+b") as file:
            file.truncate(good)
            os.fsync(file.fileno())
        tell(
            f"The log's last {size - good} bytes were never written to the end and never answered: cut, "
            f"and kept in {kept}"
        )


def good_bytes(path: Path, server: Path) -> int | None:
    """How many bytes of the file are whole commands; None when all are. Raises OperatorError."""
    if path.stat().st_size == 0:
        return None
    done = subprocess.run(
        [CHECKER, str(path)], executable=server, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return None
    found = _GOOD_UP_TO.search(done.stdout)
    if found is None:
        raise _damaged(f"{path} cannot be checked: {(done.stdout + done.stderr).strip()[-200:]}")
    return int(found[1])


def is_unfinished(tail: bytes) -> bool:
    """Whether `tail` is what a write left that never ended: at most one command, or one transaction without
    its end, cut off anywhere, and zeros in place of what never came. Pure."""
    written = tail.rstrip(b"\0")
    at, in_transaction = 0, bool(_BEGIN.match(written))
    while at < len(written):
        try:
            end = _end_of_command(written, at)
        except ValueError:
            return False
        if end is None:
            return _COMMAND.search(written, at + 1) is None  # else a damaged length swallows what follows
        if not in_transaction or _COMMIT.match(written, at):
            return False
        at = end
    return True


def _end_of_command(data: bytes, at: int) -> int | None:
    """Where the command at `at` ends; None when `data` ends before. Raises ValueError: it is no command."""
    count, at = _number(data, at, b"*")
    for _ in range(count):
        if at < 0:
            break
        length, at = _number(data, at, b"$")
        if at >= 0:
            if data[at + length : at + length + 2] not in (b"\r\n", b"\r", b""):
                raise ValueError("no end of an argument")
            at += length + 2
    return None if at < 0 or at > len(data) else at


def _number(data: bytes, at: int, mark: bytes) -> tuple[int, int]:
    """The number of a header, and where it ends; -1 when `data` ends first. Raises ValueError: it is none."""
    end = data.find(b"\r\n", at, at + 32)
    text = data[at : end if end >= 0 else at + 32]
    if end < 0 and at + 32 > len(data) and _HEADER.fullmatch(text):
        return 0, -1
    if end < 0 or not text.startswith(mark) or not text[1:].isdigit():
        raise ValueError("no header")
    return int(text[1:]), end + 2


def _damaged(what: str, also: str = "") -> OperatorError:
    return OperatorError(
        f"The log is damaged, and is not started: {what}.{also} Nothing was changed. "
        "What to do is in ops/runbook.md, The log is damaged."
    )
