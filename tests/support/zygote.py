"""The fork server: a process that has imported relay, workers and the command line, and forks programs.

A Python start costs more than a second of CPU in imports; a fork costs twenty milliseconds. Invariant: a
forked program behaves as one started by `python -m`: its own environment, arguments, folder, files and
signal handlers, no descriptor of ours, and its status is what a shell would see. It is killed when the fork
server ends, so that a test run that was killed leaves nothing behind.

Run as `python -m tests.support.zygote FD`; FD is a listening socket. A request is a length (4 bytes), a
MessagePack `Request`, and four descriptors: stdin, stdout, stderr, and the pipe that gets the wait status (8
bytes). The answer is the process id (8 bytes).
"""

import atexit
import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, Final, NoReturn

import msgspec

from ops import launch as launcher

NUMBER: Final = 8
HEAD: Final = 4
DESCRIPTORS: Final = 4
PRELOADED: Final = (
    "ops.addresses", "ops.cli", "ops.launch", "ops.limits", "ops.supervisor.up", "psycopg_pool",
    "relay.auth.keyset", "relay.bootstrap", "rich.console", "rich.table", "sqlalchemy.dialects.postgresql",
    "tests.support.programs", "uvloop", "workers.bootstrap",
)  # fmt: skip


class Request(msgspec.Struct, frozen=True):
    """The program: `module.function(arguments)`, which may return a status or raise SystemExit.

    `constants` are set first (`{"workers.bootstrap.LEASE_SECONDS": 0.5}`); each must exist."""

    program: str
    arguments: list[str]
    environment: dict[str, str]
    folder: str
    constants: dict[str, int | float] = {}


def preload() -> None:
    """Imports what our programs need, and keeps the garbage collector of each fork away from it."""
    for name in PRELOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def set_constants(constants: Mapping[str, float]) -> None:
    """Sets module constants (`{"workers.bootstrap.LEASE_SECONDS": 0.5}`); each must exist."""
    for name, value in constants.items():
        module, attribute = name.rsplit(".", 1)
        found = importlib.import_module(module)
        assert hasattr(found, attribute), name
        setattr(found, attribute, value)


def serve(listener: socket.socket) -> None:
    """Forks what is asked for until nobody is connected any more."""
    preload()
    ring, heard = socket.socketpair()
    ring.setblocking(False)
    heard.setblocking(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the test runner's, which then disconnects
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(ring.fileno(), warn_on_full_buffer=False)
    waiting: dict[int, int] = {}
    channels = [listener.accept()[0]]
    while channels:
        ready, _, _ = select.select([listener, heard, *channels], [], [])
        for found in ready:
            if found is listener:
                channels.append(listener.accept()[0])
            elif found is heard:
                with contextlib.suppress(BlockingIOError):
                    heard.recv(4096)
                _reap(waiting)
            elif (received := _receive(found)) is None:
                channels.remove(found)
                found.close()
            else:
                _fork(found, *received, waiting)


def _fork(channel: socket.socket, request: Request, descriptors: list[int], waiting: dict[int, int]) -> None:
    pid = os.fork()
    if pid == 0:
        _become(request, descriptors)
    *files, status = descriptors
    for descriptor in files:
        os.close(descriptor)
    waiting[pid] = status
    channel.sendall(pid.to_bytes(NUMBER, "little"))


def _receive(channel: socket.socket) -> tuple[Request, list[int]] | None:
    head, descriptors, _, _ = socket.recv_fds(channel, HEAD, DESCRIPTORS)
    if not head:
        return None
    wanted = int.from_bytes(head, "little")
    body = channel.recv(wanted, socket.MSG_WAITALL)
    return msgspec.msgpack.decode(body, type=Request), list(descriptors)


def _reap(waiting: dict[int, int]) -> None:
    while waiting:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        descriptor = waiting.pop(pid)
        with contextlib.suppress(BrokenPipeError):
            os.write(descriptor, os.waitstatus_to_exitcode(status).to_bytes(NUMBER, "little", signed=True))
        os.close(descriptor)


def _become(request: Request, descriptors: list[int]) -> NoReturn:
    with ending():
        if sys.platform == "linux":
            launcher.prctl(launcher.PR_SET_PDEATHSIG, signal.SIGKILL)
        for target, descriptor in enumerate(descriptors[:3]):
            os.dup2(descriptor, target)
        settle(request.environment, keep=())
        os.chdir(request.folder)
        set_constants(request.constants)
        fork_our_own_programs()
        module, function = request.program.rsplit(".", 1)
        run: Callable[[list[str]], Any] = getattr(importlib.import_module(module), function)
        sys.exit(run(request.arguments))


@contextlib.contextmanager
def ending() -> Any:
    """The process ends with the block, as an interpreter would: status, last words, exit hooks."""
    status = 0
    try:
        yield
    except SystemExit as leaving:
        if isinstance(leaving.code, int) or leaving.code is None:
            status = leaving.code or 0
        else:
            sys.stderr.write(f"{leaving.code}\n")
            status = 1
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:  # noqa: BLE001 - the interpreter's own last resort does the same
        traceback.print_exc()
        status = 1
    finally:
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join(5)
        atexit._run_exitfuncs()
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def settle(environment: Mapping[str, str] | None, keep: tuple[int, ...]) -> None:
    """Descriptors beyond the first three are closed but for `keep`; signals and streams are as at a start."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    begin = 3
    for descriptor in (*sorted(keep), os.sysconf("SC_OPEN_MAX")):
        os.closerange(begin, descriptor)
        begin = descriptor + 1
    if environment is not None:
        os.environ.clear()
        os.environ.update(environment)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115


def fork_our_own_programs() -> None:
    """A supervisor in this process forks its nodes and workers instead of starting an interpreter for each;
    the launcher's work (parent-death signal, user) is done in the fork. Other programs start as ever."""
    import ops.child

    ops.child.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": _popen})  # type: ignore[assignment]


def _popen(command: list[str], **options: Any) -> Any:
    ours = [sys.executable, "-m", "ops.cli"]
    begin = command.index("--") + 1
    if command[begin : begin + len(ours)] != ours:
        return subprocess.Popen(command, **options)
    return Forked(command, **options)


class Forked:
    """The part of Popen that `ops.child` uses: a fork that runs the launcher, then our command."""

    def __init__(
        self,
        command: list[str],
        *,
        stdin: int,
        stdout: Any,
        stderr: Any,
        env: Mapping[str, str] | None,
        pass_fds: tuple[int, ...],
        start_new_session: bool,
    ) -> None:
        del stdin
        self._status: int | None = None
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            with ending():
                if start_new_session:
                    os.setsid()
                null = os.open(os.devnull, os.O_RDONLY)
                for target, descriptor in enumerate((null, stdout.fileno(), stderr.fileno())):
                    os.dup2(descriptor, target)
                settle(env, pass_fds)
                launch(command[command.index("--parent") :])

    def poll(self) -> int | None:
        """The exit status; None while it runs."""
        return self._wait(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int:
        """Raises TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self._wait(0 if deadline is None else os.WNOHANG)) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("a fork", timeout or 0.0)
            time.sleep(0.01)
        return status

    def send_signal(self, number: int) -> None:
        """No error when it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def _wait(self, how: int) -> int | None:
        if self._status is None:
            pid, status = os.waitpid(self.pid, how)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status


class _Launched(BaseException):
    """The launcher's work is done; `command` is what it would become."""

    def __init__(self, _path: str, command: list[str]) -> None:
        super().__init__()
        self.command = command


def _instead_of_execv(path: str, command: list[str]) -> NoReturn:
    raise _Launched(path, command)


def launch(arguments: list[str]) -> None:
    """The launcher, with our command line in place of a new program."""
    from ops import cli

    launcher.os = SimpleNamespace(**{**vars(os), "execv": _instead_of_execv})  # type: ignore[assignment]
    try:
        launcher.main(arguments)
    except _Launched as done:
        cli.main(args=done.command[3:], prog_name="sealstream")


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
