"""Reaches the servers and runs every check. A check whose server is away says so."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from ops.doctor.checks import CHECKS, Check
from ops.doctor.finding import Finding, red, unchecked
from ops.doctor.patient import Patient
from ops.errors import OperatorError
from ops.reach import Reached
from ops.streams.groups import NeverStarted
from ops.trouble import database_in_words
from schema.failures import AWAY
from schema.settings import Settings
from schema.waiting import why


async def examine(settings: Settings) -> list[Finding]:
    """The findings of every check, in their order; `settings` name all three servers."""
    async with _reached(settings) as patient:
        return [finding for check in CHECKS for finding in await _run(check, patient)]


@asynccontextmanager
async def _reached(settings: Settings) -> AsyncIterator[Patient]:
    async with AsyncExitStack() as stack:
        reached = Reached(settings, stack)
        opened: dict[str, Any] = {}
        missing: dict[str, str] = {}
        took: dict[str, float] = {}
        ways: dict[str, Callable[[], Awaitable[Any]]] = {
            "log": reached.log, "board": reached.board, "database": reached.database,
        }  # fmt: skip
        for name, way in ways.items():
            began = time.monotonic()
            try:
                with database_in_words():
                    opened[name] = await way()
            except OperatorError as error:
                missing[name] = str(error)
            took[name] = (time.monotonic() - began) * 1000
        yield Patient(settings, opened.get("log"), opened.get("board"), opened.get("database"), missing, took)


async def _run(check: Check, patient: Patient) -> list[Finding]:
    for server in check.needs:
        if server in patient.why:
            return [unchecked(name, server) for name in check.names]
    try:
        with database_in_words():
            return await check.run(patient)
    except NeverStarted:
        return [
            red(check.names[0], "no relay has used this log yet", "Start one, or check SEALSTREAM_LOG_URL.")
        ]
    except OperatorError as error:
        return [red(check.names[0], "the database cannot be read", str(error))]
    except AWAY as error:
        return [red(check.names[0], f"a server failed: {why(error)}", "Run `sealstream doctor` again.")]
