"""How many connections a node takes, by its limit on open files.

Invariant: connections of clients, and the files that are sent to them, never use the open files that the node
needs for its own links (log, board, database); sockets never use those of HTTP calls, and sockets that have
authenticated never those of sockets that have not.
"""

import resource
from typing import Final

import msgspec

from relay import metrics
from relay.database import CONNECTIONS, WAITING_CONNECTIONS
from schema.open_files import MOST

CLIENT_CONNECTIONS: Final = 32
"""Of each redis-py client of a node to one server; a call takes one for a millisecond, or waits for one."""
CLIENTS: Final = 3
"""The log's (guarded, and plain for the watch) and the board's."""
OTHER_FILES: Final = 32
"""Standard streams, listeners, the event loop's own, the three lean links, metrics, files read at a start."""
OWN_LEAST: Final = CLIENTS * CLIENT_CONNECTIONS + CONNECTIONS + WAITING_CONNECTIONS + OTHER_FILES
OWN_MOST: Final = 1024
"""A cluster takes connections to each of its servers."""
LEAST: Final = 32
"""A node with fewer open files than it needs itself still takes so many connections."""
CALLS_MOST: Final = 4096
UNAUTHENTICATED_MOST: Final = 2048
UNAUTHENTICATED_PER_ADDRESS: Final = 256
"""Many people may share an address, and all reconnect at once after a restart."""


class Room(msgspec.Struct, frozen=True):
    """`calls`: connections that are no sockets; `live`: sockets that have authenticated."""

    calls: int
    unauthenticated: int
    unauthenticated_per_address: int
    live: int

    @classmethod
    def within(cls, open_files: int) -> "Room":
        """The room under a limit of so many open files. A call may have a file of the client open as well."""
        own = max(OWN_LEAST, min(OWN_MOST, open_files // 8))
        free = max(LEAST, open_files - own)
        calls = min(CALLS_MOST, free // 4)
        sockets = free - 2 * calls
        unauthenticated = min(UNAUTHENTICATED_MOST, sockets // 3)
        return cls(
            calls=calls,
            unauthenticated=unauthenticated,
            unauthenticated_per_address=min(UNAUTHENTICATED_PER_ADDRESS, unauthenticated // 2),
            live=sockets - unauthenticated,
        )


def room_here() -> Room:
    """The room of this process, shown in the metrics."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = Room.within(MOST if soft == resource.RLIM_INFINITY else min(soft, MOST))
    for kind in ("calls", "unauthenticated", "live"):
        metrics.ROOM.labels(kind).set(getattr(room, kind))
    return room
