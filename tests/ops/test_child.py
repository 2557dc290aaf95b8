"""A child process: found by its pid file's lock, ended with all it forked, gone with its parent."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from ops.child import Child, StillAlive, living_pid
from ops.launch import CANNOT
from tests.ops.programs import DIES, FORKS, IGNORES_SIGTERM, LINGERS, SLEEPS, prepared, program


def wait_until(happened: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_its_pid_file_names_the_process_and_its_log_holds_what_it_printed(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    child = Child.start(program("print('hello', flush=True); import time; time.sleep(60)"), places)
    wait_until(lambda: places.log_file("small").read_text() == "hello\n")
    assert int(places.pid_file("small").read_text()) == child.pid == living_pid("small", places)
    assert child.stop()
    assert living_pid("small", places) is None


def test_a_pid_file_of_a_dead_process_is_stale_even_if_its_number_lives_on(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    places.pid_file("small").write_text(f"{os.getpid()}\n")
    assert living_pid("small", places) is None
    Child.start(program(SLEEPS), places).kill()


def test_a_name_is_not_started_twice(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    first = Child.start(program(SLEEPS), places)
    with pytest.raises(StillAlive) as refused:
        Child.start(program(SLEEPS), places)
    assert refused.value.pid == first.pid
    first.kill()


def test_what_it_forked_counts_as_alive_and_is_killed_with_it(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    child = Child.start(program(FORKS), places)
    wait_until(lambda: places.log_file("small").read_text().count("up") == 2)
    os.kill(child.pid, signal.SIGKILL)
    wait_until(lambda: child.exit_status() is not None)
    assert living_pid("small", places) == child.pid
    child.kill()
    wait_until(lambda: living_pid("small", places) is None)


def test_killed_it_can_be_started_again_at_once_though_what_it_forked_lingers(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    first = Child.start(program(LINGERS), places)
    wait_until(lambda: places.log_file("small").read_text() == "up\n")
    first.kill()
    again = Child.start(program(SLEEPS), places)
    assert living_pid("small", places) == again.pid != first.pid
    again.kill()


def test_one_that_does_not_end_when_asked_is_killed_after_its_grace(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    child = Child.start(program(IGNORES_SIGTERM, grace_seconds=0.3), places)
    wait_until(lambda: places.log_file("small").read_text())
    assert not child.stop()
    assert child.exit_status() == -signal.SIGKILL


def test_a_program_that_cannot_be_started_says_why_in_its_log(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    missing = program(SLEEPS)
    child = Child.start(type(missing)("small", ("/nowhere/program",)), places)
    wait_until(lambda: child.exit_status() is not None)
    assert child.exit_status() == CANNOT
    assert "cannot start /nowhere/program" in places.log_file("small").read_text()


def test_the_end_of_a_program_is_seen(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    child = Child.start(program(DIES), places)
    wait_until(lambda: child.exit_status() is not None)
    assert child.exit_status() == 3
    assert places.log_file("small").read_text() == "this is why\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the parent-death signal")
def test_it_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    places = prepared(tmp_path / "data")
    parent = textwrap.dedent(f"""
        import time
        from pathlib import Path
        from ops.child import Child
        from tests.ops.programs import SLEEPS, prepared, program
        Child.start(program(SLEEPS), prepared(Path({str(places.data)!r})))
        print("started", flush=True)
        time.sleep(600)
    """)
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    pid = int(places.pid_file("small").read_text())
    assert runs(pid)
    process.kill()
    process.communicate()
    wait_until(lambda: not runs(pid))
