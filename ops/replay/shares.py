"""An audit in shares: partitions are independent of each other, so that each core can audit some of
them."""

import asyncio
import gc
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Final

import msgspec
import uvloop

from ops.errors import OperatorError
from ops.replay.opening import History, in_words, the_history
from schema.settings import Settings
from workers.replay.audit import Audit, NoCheckpoint, Scope
from workers.replay.report import Report, merged
from workers.replay.storage import FilesAway, open_blobs

MOST: Final = 4
"""Processes: the log's server has one core itself."""
LOOKS_SECONDS: Final = 0.2

Progress = Callable[[int], None]
"""Is told how many more entries were folded."""


class Request(msgspec.Struct, frozen=True):
    """An audit of the partitions in the scope; with an end, of the log alone. `settings` are `reachable`."""

    settings: Settings
    scope: Scope
    fast: bool


async def audited(request: Request, history: History, progress: Progress) -> Report:
    """One share, in this process. Raises OperatorError."""
    collect_rarely()
    audit = Audit(history.source, history.log, request.scope, history.pacer, progress)
    await audit.begin()
    if request.scope.upto is not None:
        return await audit.log_alone(history.database)
    try:
        return await audit.run(history.database, await open_blobs(request.settings, history.database))
    except NoCheckpoint as error:
        raise OperatorError(str(error)) from error
    except FilesAway as error:
        words = f"The files' storage is away ({error}). See SEALSTREAM_BLOBS; `off` audits without it."
        raise OperatorError(words) from error


def collect_rarely() -> None:
    """Millions of small objects that hold no cycles: looking for some takes half of the time."""
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


def count(request: Request) -> int:
    """How many shares are worth their processes."""
    return min(MOST, os.cpu_count() or 1, len(request.scope.only)) if request.fast else 1


async def in_shares(request: Request, shares: int, progress: Progress) -> Report:
    """All shares at once, each in a process of its own. Raises OperatorError."""
    context = multiprocessing.get_context("spawn")
    folded = context.Value("Q", 0)
    only = request.scope.only
    scopes = [msgspec.structs.replace(request.scope, only=only[share::shares]) for share in range(shares)]
    with ProcessPoolExecutor(shares, mp_context=context, initializer=_begin, initargs=(folded,)) as pool:
        loop = asyncio.get_running_loop()
        running = [
            loop.run_in_executor(pool, _share, msgspec.structs.replace(request, scope=scope))
            for scope in scopes
        ]
        seen, left = 0, set(running)
        while left:
            _, left = await asyncio.wait(left, timeout=LOOKS_SECONDS)
            seen, before = folded.value, seen
            progress(seen - before)
        reports = await asyncio.gather(*running, return_exceptions=True)
        for failed in reports:
            if isinstance(failed, BaseException):
                raise failed
        return merged([report for report in reports if isinstance(report, Report)])


_folded: Any = None
"""In a share's process: the count that all of them share."""


def _begin(folded: Any) -> None:
    global _folded  # noqa: PLW0603 - how a pool's processes get what cannot be pickled
    _folded = folded


def _share(request: Request) -> Report:
    def progress(more: int) -> None:
        with _folded.get_lock():
            _folded.value += more

    async def run() -> Report:
        async with the_history(request.settings, fast=request.fast, digests=True) as history:
            return await audited(request, history, progress)

    with in_words():
        return uvloop.run(run())
