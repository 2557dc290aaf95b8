"""Ending tasks that run for ever, running many that do not, and waiting."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

AGAIN_SECONDS: Final = 0.1


async def end(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Cancels the tasks and returns when all have ended; what they raised is dropped.

    One cancellation may get lost: before Python 3.12, `asyncio.wait_for` (used inside psycopg and
    redis-py) swallows one that arrives as its result does (python/cpython#86296). So it is repeated.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=AGAIN_SECONDS)
        await asyncio.gather(*done, return_exceptions=True)


async def by_groups(works: Sequence[Callable[[], Awaitable[object]]], size: int) -> None:
    """Runs the works, `size` at once. When one raises, its group is waited for, and no more begin."""
    for start in range(0, len(works), size):
        results = await asyncio.gather(
            *(work() for work in works[start : start + size]), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result


async def pause(stopping: asyncio.Event, seconds: float) -> None:
    """Waits so long, or until `stopping`."""
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return
