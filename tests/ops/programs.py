"""Small programs for the supervisor's tests, and the command line itself."""

import os
import subprocess
import sys
from pathlib import Path

from ops.child import Program
from ops.embedded.layout import Layout, layout, prepare
from tests.support.processes import run

SLEEPS = "import time; time.sleep(600)"
IGNORES_SIGTERM = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('up', flush=True); time.sleep(600)"
)
DIES = "import sys; print('this is why', flush=True); sys.exit(3)"
FORKS = "import os, time; os.fork(); print('up', flush=True); time.sleep(600)"
LINGERS = (
    "import os, time\n"
    "parent = os.getpid()\n"
    "if os.fork() == 0:\n"
    "    os.setsid(); print('up', flush=True)\n"
    "    while os.getppid() == parent: time.sleep(0.01)\n"
    "    time.sleep(0.5); os._exit(0)\n"
    "time.sleep(600)"
)
"""Forks one with a session of its own, which ends half a second after its parent (as PostgreSQL's do)."""


def prepared(folder: Path) -> Layout:
    places = layout(folder)
    prepare(places, traversable=False)
    return places


def program(code: str, name: str = "small", grace_seconds: float = 10.0) -> Program:
    return Program(name, (sys.executable, "-c", code), grace_seconds=grace_seconds)


def sealstream(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The command line, in a terminal of 80 columns, until it ends."""
    return run("sealstream", *arguments, environment={**os.environ, "COLUMNS": "80", **environment})
