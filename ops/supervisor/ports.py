"""The ports that nodes will listen on, looked at before anything is started."""

import errno
import socket
from collections.abc import Sequence

import psutil

from ops.errors import OperatorError


def check_free(host: str, ports: Sequence[tuple[int, str]]) -> None:
    """`ports` are (number, what changes it). Raises OperatorError that names the first one in use."""
    for port, setting in ports:
        if port > 65535:
            raise OperatorError(f"Port {port} is above 65535. Choose a lower one with {setting}.")
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if host == "::" and socket.has_dualstack_ipv6():
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)  # as the node will
                probe.bind(address)
        except OSError as error:
            raise OperatorError(_words(error, host, port, setting)) from error


def _words(error: OSError, host: str, port: int, setting: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use{_by_whom(port)}. Choose another with {setting}."
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this user has. Choose one above 1023 with {setting}."
    reason = error.strerror or str(error)
    return f"{host} is not an address of this machine ({reason}). Change it with --host or SEALSTREAM_HOST."


def _by_whom(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.Error, OSError):
        return ""  # whose it is may be someone else's secret
    return ""
