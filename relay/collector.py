"""Python's cyclic garbage collector, as a node needs it: a pass over all objects stops every socket.

Invariant: no pass examines the objects that exist once the node is wired. They are 100,000 and never garbage,
and a pass over them took 50 ms, about once a second while a flood of calls was refused.
"""

import gc
from typing import Final

YOUNG: Final = 1_000
MIDDLE: Final = 10
OLD: Final = 50
"""Passes over the middle generation before one over the old; sockets live there, 100 objects each."""


def spare_what_stays() -> None:
    """Takes all present objects out of every later pass. To be called once, before the first client."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
