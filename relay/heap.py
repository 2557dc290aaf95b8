"""The node's heap: Python's garbage collector, and the C library's free memory.

Invariant: no pass of the collector examines the objects that exist once the node is wired. They are 100,000
and never garbage. A pass over them stops every socket for 50 ms, and happened about once a second while a
flood of calls was refused.

glibc returns only what lies at the end of its heap: one small object behind freed buffers keeps all of
them. `give_back` returns the rest.
"""

import ctypes
import gc
from typing import Final

YOUNG: Final = 1_000
MIDDLE: Final = 10
OLD: Final = 50
"""Passes over the middle generation before one over the old; sockets live there, 100 objects each."""
_TRIM: Final = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""malloc_trim(3); other C libraries have none."""


def spare_what_stays() -> None:
    """Takes all present objects out of every later pass. To be called once, before the first client."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)


def give_back() -> None:
    """Returns whole free pages to the system, in 20 ms for 270 MiB. Safe in any thread."""
    if _TRIM is not None:
        _TRIM(0)
