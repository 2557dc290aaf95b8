"""What the supervisor says: to the terminal, and with the time to DATA/logs/supervisor.log."""

import sys
from datetime import UTC, datetime
from pathlib import Path


class Journal:
    """A terminal that has gone away is no reason to fall over."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, line: str) -> None:
        """Says one line."""
        try:
            print(line, flush=True)
        except OSError:
            sys.stdout = open("/dev/null", "w")  # noqa: PTH123, SIM115 - for as long as the process lives
        with self._path.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {line}\n")
