"""What one caller submits to the log, and the future that gets its outcome."""

import asyncio
from typing import Any

import msgspec


def _promise() -> "asyncio.Future[Any]":
    return asyncio.get_running_loop().create_future()


class Submission(msgspec.Struct):
    """Keys and arguments of one submission; `digests` of the bodies, if a receipt is asked for."""

    keys: list[str]
    args: list[bytes | str | int]
    digests: bytes = b""
    future: "asyncio.Future[Any]" = msgspec.field(default_factory=_promise)

    @property
    def size(self) -> int:
        """Bytes of the events."""
        return sum(len(argument) for argument in self.args if isinstance(argument, bytes))


def settle(future: "asyncio.Future[Any]", outcome: Any) -> None:
    """The future gets a result, or an exception, once."""
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
