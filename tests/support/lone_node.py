"""One more node, started by hand beside a running stack, with addresses and, if need be, times of its own."""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from tests.support.processes import Process
from tests.support.quick import QUICK
from tests.support.stack import clean_environment, free_ports
from tests.support.until import until


class LoneNode:
    """Node on a free port. `times` shortens a module's constant: `{"relay.node.BOARD_LOST_SECONDS": 2}`.

    `open_files` bounds how many it may have. `jump` sets its clock, and only its own, ahead or back."""

    def __init__(
        self, times: dict[str, float] | None = None, open_files: int | None = None, **settings: str
    ) -> None:
        self.port = free_ports(1)
        self._times = QUICK if times is None else times
        self._open_files = [] if open_files is None else [str(open_files)]
        self._settings = {**settings, "SEALSTREAM_PORT": str(self.port), "SEALSTREAM_LOG_FORMAT": "json"}
        self._folder = Path(tempfile.mkdtemp(prefix="sealstream-node-"))
        self.jump(0.0)
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end
        self._process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._process = Process(
            "node",
            str(self._folder / "clock"),
            *self._open_files,
            environment=clean_environment(**self._settings),
            constants=self._times,
            output=self._output,
        )
        await self.until_ready()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            await asyncio.to_thread(self._process.wait, 15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if error is not None:
            sys.stdout.write(self.said())  # pytest shows it when the test failed
        self._output.close()
        shutil.rmtree(self._folder)

    def jump(self, seconds: float) -> None:
        """So far is its clock ahead of ours from now on."""
        (self._folder / "next").symlink_to(str(seconds))  # exchanged in one step
        (self._folder / "next").rename(self._folder / "clock")

    def said(self) -> str:
        """What it wrote to its log."""
        self._output.seek(0)
        return self._output.read().decode()

    async def until_ready(self, *, seconds: float = 30.0) -> None:
        """Returns when `/readyz` answers 200."""
        await until_ready(self.url, seconds=seconds)


async def until_ready(url: str, *, seconds: float = 30.0) -> None:
    """Returns when the node at `url` says that nothing is down."""

    async def ready() -> bool:
        try:
            async with http.get(f"{url}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async with aiohttp.ClientSession() as http:
        await until(ready, seconds=seconds)
