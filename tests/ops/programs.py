"""Small programs for the supervisor's tests."""

import sys
from pathlib import Path

from ops.child import Program
from ops.embedded.layout import Layout, layout, prepare

SLEEPS = "import time; time.sleep(600)"
IGNORES_SIGTERM = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('up', flush=True); time.sleep(600)"
)
DIES = "import sys; print('this is why', flush=True); sys.exit(3)"
FORKS = "import os, time; os.fork(); print('up', flush=True); time.sleep(600)"


def prepared(folder: Path) -> Layout:
    places = layout(folder)
    prepare(places, traversable=False)
    return places


def program(code: str, name: str = "small", grace_seconds: float = 10.0) -> Program:
    return Program(name, (sys.executable, "-c", code), grace_seconds=grace_seconds)
