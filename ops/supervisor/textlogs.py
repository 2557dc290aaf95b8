"""Text logs stay bounded: one that grew too long is set aside as NAME.log.1 (one older one is kept).

Its writer goes on without noticing: it appends, so that cutting the file to nothing is enough. What is
written between the copy and the cut is lost; for a text log that is a fair price.
"""

import os
import shutil
from typing import Final

from ops.embedded.layout import Layout

LONGEST_BYTES: Final = 16 * 1024 * 1024


def bound(places: Layout, *, longest: int = LONGEST_BYTES) -> None:
    """Sets aside every text log longer than `longest`."""
    for entry in os.scandir(places.logs):
        if entry.name.endswith(".log") and entry.stat().st_size > longest:
            shutil.copyfile(entry.path, f"{entry.path}.1")
            os.truncate(entry.path, 0)
