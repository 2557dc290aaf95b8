"""Keeping something true on the board, which may come back empty at any moment: looked at every second."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import structlog

from schema.failures import AWAY, slug

log = structlog.get_logger(__name__)

EVERY_SECONDS: Final = 1.0


async def keep(
    install: Callable[[], Awaitable[bool]], stopping: asyncio.Event, *, installed: str, waits: str
) -> None:
    """Calls `install` every second until told to stop. Logs `installed` whenever that changed anything, and
    `waits`, once, when a server is away."""
    is_away = False
    while not stopping.is_set():
        try:
            if await install():
                log.info(installed)
            is_away = False
        except AWAY as error:
            if not is_away:
                log.warning(waits, error=slug(error))
                is_away = True
        with suppress(TimeoutError):
            async with asyncio.timeout(EVERY_SECONDS):
                await stopping.wait()
