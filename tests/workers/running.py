"""Worker processes under test, and what a test waits for."""

import asyncio
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self

from tests.support.processes import Process
from tests.support.quick import QUICK

PARTITIONS = 2


class Worker:
    """One worker process and what it logged."""

    def __init__(self, name: str, env: dict[str, str], constants: Mapping[str, float]) -> None:
        self.lines: list[dict[str, Any]] = []
        self.text: list[str] = []
        self._process, self._output = Process.with_lines(
            "worker", name, environment={**os.environ, **env}, constants=constants
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._output:
            self.text.append(line)
            if line.startswith("{"):
                self.lines.append(json.loads(line))

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        """`kill -9`."""
        self._process.kill()
        self._end()

    def stop(self, within: float = 15) -> int:
        """SIGTERM; the exit status."""
        self._process.terminate()
        return self.wait(within)

    def wait(self, within: float = 15) -> int:
        status = self._process.wait(within)
        self._end()
        return status

    def _end(self) -> None:
        self._process.wait(10)
        self._reader.join(5)
        self._output.close()

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def said(self, slug: str, **context: Any) -> list[dict[str, Any]]:
        """The log lines of that slug and context, so far."""
        return [
            line
            for line in list(self.lines)
            if line["event"] == slug and all(line.get(name) == value for name, value in context.items())
        ]

    def until_said(self, slug: str, within: float = 20, **context: Any) -> Self:
        deadline = time.monotonic() + within
        while not self.said(slug, **context):
            if time.monotonic() > deadline or not self.runs:
                raise AssertionError(f"{slug} was not said:\n" + "".join(self.text))
            time.sleep(0.02)
        return self


class Workers:
    """Starts them."""

    def __init__(self, log_url: str, board_url: str, database_url: str) -> None:
        self.env = {
            "SEALSTREAM_LOG_URL": log_url,
            "SEALSTREAM_BOARD_URL": board_url,
            "SEALSTREAM_DATABASE_URL": database_url,
            "SEALSTREAM_PARTITIONS": str(PARTITIONS),
            "SEALSTREAM_LOG_FORMAT": "json",
            "SEALSTREAM_ARCHIVE": "off",
            "SEALSTREAM_BLOBS": "off",
        }
        self._started: list[Worker] = []

    def start(self, name: str, **settings: str) -> Worker:
        worker = Worker(name, {**self.env, **settings}, QUICK)
        self._started.append(worker)
        return worker

    def kill_all(self) -> None:
        for worker in self._started:
            if worker.runs:
                worker.kill()
            sys.stdout.write("".join(worker.text))  # pytest shows it when the test failed


async def until(condition: Callable[[], Awaitable[Any]], within: float = 20) -> Any:
    """The condition's first true result."""
    deadline = time.monotonic() + within
    while True:
        result = await condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not come about in {within} seconds")
        await asyncio.sleep(0.02)
