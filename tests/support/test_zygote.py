"""The fork server leaves nothing behind."""

import asyncio
import signal
import subprocess
import sys
import tempfile

import psutil
import pytest

from tests.support.prepared import SHARED
from tests.support.processes import ROOT
from tests.support.stack import clean_environment, free_ports
from tests.support.until import until

KILLED = """
import os, signal
from tests.support.processes import Process
# It waits for a log that is not there.
print(Process("sealstream", "worker", "pusher").pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's end")
async def test_a_test_run_that_is_killed_takes_its_programs_with_it() -> None:
    away = f"127.0.0.1:{free_ports(1)}"
    with tempfile.TemporaryDirectory(prefix="sealstream-run-", dir="/tmp") as folder:
        environment = clean_environment(
            SEALSTREAM_DATA=folder,
            SEALSTREAM_LOG_URL=f"redis://{away}",
            SEALSTREAM_BOARD_URL=f"redis://{away}",
            SEALSTREAM_DATABASE_URL=f"postgresql://{away}/none",
        )
        environment[SHARED] = folder
        run = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", KILLED],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            check=False,
        )
        assert run.returncode == -signal.SIGKILL
        program = int(run.stdout.split()[0])
        await until(lambda: not psutil.pid_exists(program), seconds=30)
