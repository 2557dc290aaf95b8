"""Waiting in tests for what another process or loop does."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any


async def until(holds: Callable[[], Any], *, seconds: float = 5.0) -> Any:
    """What `holds` (which may be a coroutine function) gives as soon as it is true; fails after `seconds`."""
    async with asyncio.timeout(seconds):
        while True:
            found = holds()
            if inspect.isawaitable(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.02)
