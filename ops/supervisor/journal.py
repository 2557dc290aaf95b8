"""What the supervisor says: to the terminal, and with the time to DATA/logs/supervisor.log.

Promise: saying something never raises. A terminal that has gone away or lacks a letter, and a disk that is
full, cost lines of text; they must never cost the house.
"""

import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path


class Journal:
    """Says lines; call it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, line: str) -> None:
        """Says one line, where that is possible."""
        encoding = sys.stdout.encoding or "ascii"
        try:
            print(line.encode(encoding, "replace").decode(encoding), flush=True)
        except OSError:
            sys.stdout = open("/dev/null", "w")  # noqa: PTH123, SIM115 - for as long as the process lives
        with suppress(OSError), self._path.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {line}\n")
