"""Text logs stay bounded: one that grew too long is set aside as NAME.log.1 (one older one is kept).

Its writer goes on without noticing: it appends, so that cutting the file to nothing is enough. What is
written between the copy and the cut is lost; for a text log that is a fair price. Where there is no room for
the copy, what it would have held is lost: old lines are worth less than room on a full disk.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from ops.embedded.layout import Layout

LONGEST_BYTES: Final = 16 * 1024 * 1024


def bound(places: Layout, *, longest: int = LONGEST_BYTES) -> None:
    """Sets aside every text log longer than `longest`. Never raises for what the file system refuses."""
    with suppress(OSError):
        for path in sorted(places.logs.glob("*.log")):
            with suppress(OSError):  # it went, or may not be looked at: the others are bounded all the same
                if path.stat().st_size > longest:
                    _set_aside(path)


def _set_aside(path: Path) -> None:
    aside = path.with_name(f"{path.name}.1")
    try:
        shutil.copyfile(path, aside)
    except OSError:
        with suppress(OSError):
            aside.unlink()  # half a copy takes the room that is missing
    os.truncate(path, 0)
