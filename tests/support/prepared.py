"""A PostgreSQL cluster, made and migrated once in a run of the tests and copied for each that needs one.

`initdb` and the migrations cost two seconds of CPU, a copy a tenth of one. All test processes share it.
"""

import fcntl
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ops.child import Child
from ops.embedded import postgres
from ops.embedded.layout import layout, prepare
from ops.migrate import migrate

SHARED: Final = "SEALSTREAM_TEST_RUN"
"""The folder of this run; test processes inherit it from the one that began."""
READY_SECONDS: Final = 60.0


@contextmanager
def shared_run() -> Iterator[None]:
    """One folder for all test processes of this run, unless there is one already."""
    if SHARED in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(
        prefix="sealstream-run-", dir="/tmp", ignore_cleanup_errors=True
    ) as folder:
        Path(folder).chmod(0o711)
        os.environ[SHARED] = folder
        try:
            yield
        finally:
            del os.environ[SHARED]


def shared_folder() -> Path:
    """The folder that all test processes of this run share."""
    return Path(os.environ[SHARED])


def place(data: Path) -> None:
    """Puts a stopped cluster with the newest tables (database `sealstream`) into DATA/postgres."""
    made = _made()
    data.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", str(made), str(data / postgres.NAME)], check=True)


def _made() -> Path:
    folder = shared_folder()
    kept = folder / "cluster"
    finished = kept / "data" / postgres.NAME
    with (folder / "cluster.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (kept / "finished").exists():
            _make(kept)
            (kept / "finished").touch()
    return finished


def _make(kept: Path) -> None:
    kept.mkdir(mode=0o711)
    places = layout(kept / "data")
    prepare(places, traversable=True)
    server = Child.start(postgres.program(places), places)
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not postgres.is_ready(postgres.url(places, "postgres")):
            if time.monotonic() > deadline:
                raise TimeoutError("PostgreSQL does not answer")
            time.sleep(0.02)
        postgres.ensure_database(places)
        migrate(postgres.url(places))
    finally:
        server.stop()
