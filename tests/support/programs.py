"""Our programs as functions, for the fork server; each runs until it is told to stop."""

import asyncio
import gc
import importlib
import os
import resource
import time
from pathlib import Path
from typing import Any

from ops.load import own_relay


def sealstream(arguments: list[str]) -> None:
    """The command line."""
    from ops.cli import main

    main(args=arguments, prog_name="sealstream")


def _start_forks() -> None:
    """The load tools start a relay of forks on a prepared database, which costs a sixth."""
    own_relay.start = _Relay  # type: ignore[assignment]


class _Relay:
    """The part of Popen that `ops.load.own_relay` uses."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        from tests.support import prepared
        from tests.support.processes import Process
        from tests.support.quick import CHEAP

        prepared.place(Path(arguments[arguments.index("--data") + 1]))
        self._process, self.stdout = Process.with_lines(
            "sealstream", "up", *arguments, environment=environment, constants=CHEAP
        )

    def send_signal(self, number: int) -> None:
        """No error when it has ended."""
        self._process.send_signal(number)

    def communicate(self) -> None:
        """Reads the rest of what it prints, and waits for its end."""
        with self.stdout as lines:
            lines.read()
        self._process.wait()


def load(arguments: list[str]) -> None:
    """The load tool."""
    from ops.load.__main__ import main

    _start_forks()
    main(args=arguments, prog_name="load")


def compare(arguments: list[str]) -> None:
    """The comparison of two runs of the load tool."""
    from ops.load.compare import main

    main(args=arguments, prog_name="compare")


def flood(arguments: list[str]) -> None:
    """The load tool of floods."""
    from ops.load.flood import main

    _start_forks()
    main(args=arguments, prog_name="flood")


def archive_load(arguments: list[str]) -> None:
    """The load tool of log and archive."""
    from ops.load.archive import main

    _start_forks()
    main(args=arguments, prog_name="archive")


def worker(arguments: list[str]) -> int:
    """One worker, by its name."""
    from schema.settings import Settings
    from workers.bootstrap import run_worker

    return run_worker(arguments[0], Settings.from_env(os.environ))


def dying_worker(arguments: list[str]) -> None:
    """A consumer of the tests' group: the log, its name, the number it dies over, and how."""
    from tests.workers.dying import Handler, work

    url, name, deadly, *how = arguments
    handler = Handler(url, int(deadly), later="later" in how, waiting="waits" in how)
    asyncio.run(work(url, name, handler))


def dying_pusher(arguments: list[str]) -> None:
    """A pusher: the log, its name, and the number it dies over."""
    from tests.workers.dying import push

    url, name, deadly = arguments
    asyncio.run(push(url, name, int(deadly)))


def node(arguments: list[str]) -> int:
    """One node; the arguments are a symbolic link that tells how many seconds its clock is ahead, and perhaps
    how many files it may open."""
    from relay.bootstrap import run_node
    from schema.settings import Settings

    clock, real = Path(arguments[0]), time.time_ns
    for most in arguments[1:]:
        resource.setrlimit(resource.RLIMIT_NOFILE, (int(most), int(most)))
    time.time_ns = lambda: real() + int(float(str(clock.readlink())) * 1e9)
    return run_node(Settings.from_env(os.environ), 0)


def node_with_a_bug(arguments: list[str]) -> int:
    """One node; the method of a class, named by module, class and method, raises soon after it began."""
    from relay.bootstrap import run_node
    from schema.settings import Settings

    async def broken(*_: Any) -> None:
        await asyncio.sleep(0.2)
        raise ZeroDivisionError("a bug")

    module, name, method = arguments
    setattr(getattr(importlib.import_module(module), name), method, broken)
    return run_node(Settings.from_env(os.environ), 0)


def node_that_counts(_arguments: list[str]) -> int:
    """One node; once it is up it prints how many objects the garbage collector examines, and ends."""
    from relay import bootstrap
    from relay.admission.policy import Policy
    from schema.settings import Settings

    async def count(*_: Any) -> None:
        await bootstrap._up.wait()
        print(f"examined {len(gc.get_objects())}", flush=True)  # noqa: T201

    gc.unfreeze()  # the fork server has frozen its own
    Policy.watch = count  # type: ignore[method-assign]
    return bootstrap.run_node(Settings.from_env(os.environ), 0)
