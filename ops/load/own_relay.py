"""A relay of one's own to measure: `sealstream up` in a temporary directory, on a free port."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ops.errors import OperatorError

RAISED: Final = {
    "SEALSTREAM_MESSAGES_PER_MINUTE": "100000000",
    "SEALSTREAM_BYTES_PER_MINUTE": "2147483648",
    "SEALSTREAM_MAILBOX_BYTES": "1099511627776",
    "SEALSTREAM_CONNECTIONS_PER_MINUTE": "100000",
    "SEALSTREAM_REGISTRATIONS_PER_HOUR": "1000000",
    "SEALSTREAM_LOGINS_PER_MINUTE": "1000000",
}
"""The limits that load runs into; a relay that is measured by its address must be started with them."""


def start(arguments: list[str], environment: dict[str, str]) -> "subprocess.Popen[str]":
    """`sealstream up`, and what it prints as text; tests start a relay of forks in its place."""
    return subprocess.Popen(
        [sys.executable, "-m", "ops.cli", "up", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@contextmanager
def own_relay(settings: dict[str, str], *, nodes: int = 1) -> Iterator[tuple[tuple[str, ...], Path]]:
    """The addresses of its nodes and its data directory, while it runs. Raises OperatorError when it does not
    start."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="sealstream-load-") as folder:
        data = Path(folder) / "data"
        environment = {**os.environ, "SEALSTREAM_NODES": str(nodes), **settings}
        process = start(["--data", str(data), "--port", str(port)], environment)
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith("Sealstream is ready at "):
                    break
            else:
                raise OperatorError("The relay did not start (see above).")
            first = line.split()[-1].rpartition(":")[0]
            yield tuple(f"{first}:{port + number}" for number in range(nodes)), data
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()


def _free_port() -> int:
    """The next one is very likely free as well."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
