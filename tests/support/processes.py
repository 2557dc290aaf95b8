"""Programs in processes of their own, started in milliseconds by a fork server (`tests.support.zygote`)."""

import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final, Self

import msgspec

from tests.support.prepared import shared_folder
from tests.support.zygote import HEAD, NUMBER, Request

ROOT: Final = Path(__file__).parents[2]


class _Server:
    """Our connection to the fork server that all test processes of a run share; the first one starts it, and
    it ends with the last connection."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._channel: socket.socket | None = None

    def fork(self, request: Request, descriptors: list[int]) -> int:
        """The process id of the program."""
        body = msgspec.msgpack.encode(request)
        with self._lock:
            if self._channel is None:
                self._channel = _connect(shared_folder())
            socket.send_fds(self._channel, [len(body).to_bytes(HEAD, "little")], descriptors)
            self._channel.sendall(body)
            answer = self._channel.recv(NUMBER, socket.MSG_WAITALL)
        if len(answer) < NUMBER:
            raise RuntimeError("the fork server has ended")
        return int.from_bytes(answer, "little")


def _connect(folder: Path) -> socket.socket:
    address = str(folder / "zygote.sock")
    channel = socket.socket(socket.AF_UNIX)
    with (folder / "zygote.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            channel.connect(address)
        except OSError:
            Path(address).unlink(missing_ok=True)
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(address)
                listener.listen()
                subprocess.Popen(
                    [sys.executable, "-m", "tests.support.zygote", str(listener.fileno())],
                    cwd=ROOT,
                    pass_fds=(listener.fileno(),),
                    stdin=subprocess.DEVNULL,
                ).returncode = 0  # it is not waited for: it ends with its last client
            channel.connect(address)
    return channel


_server = _Server()


class Process:
    """A running program, with the methods of `subprocess.Popen`.

    `program` is a function of `tests.support.programs`; `output` gets stdout and stderr (None: ours)."""

    def __init__(
        self,
        program: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        constants: Mapping[str, int | float] | None = None,
        output: IO[Any] | None = None,
        errors: IO[Any] | None = None,
    ) -> None:
        self.returncode: int | None = None
        request = Request(
            program=f"tests.support.programs.{program}",
            arguments=list(arguments),
            environment=dict(os.environ if environment is None else environment),
            folder=str(ROOT),
            constants=dict(constants or {}),
        )
        self._status, status = os.pipe()
        with open(os.devnull, "rb") as null:  # noqa: PTH123
            stdout = output.fileno() if output else 1
            stderr = errors.fileno() if errors else stdout
            try:
                self.pid = _server.fork(request, [null.fileno(), stdout, stderr, status])
            finally:
                os.close(status)

    @classmethod
    def with_lines(cls, program: str, *arguments: str, **options: Any) -> tuple[Self, IO[str]]:
        """The program, and what it prints as it prints it."""
        reading, writing = os.pipe()
        with os.fdopen(writing, "wb") as output:
            process = cls(program, *arguments, output=output, **options)
        return process, os.fdopen(reading, encoding="utf-8", errors="replace")

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._look(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit status. Raises subprocess.TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = 10.0 if deadline is None else max(0.0, deadline - time.monotonic())
            status = self._look(left)
            if status is not None:
                return status
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired("a forked program", timeout or 0.0)

    def send_signal(self, number: int) -> None:
        """No error when it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _look(self, seconds: float) -> int | None:
        if self.returncode is None and select.select([self._status], [], [], seconds)[0]:
            told = os.read(self._status, NUMBER)
            os.close(self._status)
            # Nothing is told only when the fork server itself was killed.
            self.returncode = int.from_bytes(told, "little", signed=True) if told else -signal.SIGKILL
        return self.returncode


def run(
    program: str, *arguments: str, timeout: float = 60, **options: Any
) -> "subprocess.CompletedProcess[str]":
    """The program until it ends, with what it printed."""

    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = Process(program, *arguments, output=output, errors=errors, **options)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read().decode())
    return subprocess.CompletedProcess([program, *arguments], status, *texts)
