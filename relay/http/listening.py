"""The socket that a node listens on."""

import socket as sockets


def listen(host: str, port: int) -> sockets.socket:
    """A listening socket; `::` takes connections of both families. Raises OSError when the port is in use."""
    family = sockets.AF_INET6 if ":" in host else sockets.AF_INET
    both = host == "::" and sockets.has_dualstack_ipv6()
    listening = sockets.create_server((host, port), family=family, backlog=1024, dualstack_ipv6=both)
    listening.setblocking(False)
    return listening
