"""The socket that a node listens on."""

import socket as sockets
from typing import Final

RECEIVE_BYTES: Final = 128 * 1024
"""Of one connection, kept by the kernel while the node does not read; by itself it takes megabytes."""


def listen(host: str, port: int) -> sockets.socket:
    """A listening socket; `::` takes connections of both families. Raises OSError when the port is in use."""
    family = sockets.AF_INET6 if ":" in host else sockets.AF_INET
    both = host == "::" and sockets.has_dualstack_ipv6()
    listening = sockets.create_server((host, port), family=family, backlog=1024, dualstack_ipv6=both)
    listening.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, RECEIVE_BYTES)  # its connections inherit it
    listening.setblocking(False)
    return listening
