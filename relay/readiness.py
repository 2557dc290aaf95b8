"""Whether the node can do its work: what `/readyz` answers, looked at once a second at most.

Invariant: however often it is asked, each server gets at most one look a second; an address asks at most
`READINESS` times. The window is the node's own: the board may be what is away.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import psycopg
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from relay.admission.budget import Budget
from schema.limits import READINESS

LOOK_SECONDS: Final = 2.5
REMEMBERED_SECONDS: Final = 1.0
ADDRESSES_KEPT: Final = 10_000
"""Beyond that the address that asked longest ago is forgotten."""

Look = Callable[[], Awaitable[Any]]


class Readiness:
    """The memory of one node."""

    def __init__(self) -> None:
        self._look: asyncio.Task[list[str]] | None = None
        self._looked_at = float("-inf")
        self._budgets: OrderedDict[str, Budget] = OrderedDict()

    def admit(self, address: str) -> None:
        """Counts a question. Raises Refusal rate_limited."""
        budget = self._budgets.pop(address, None)
        if budget is None:
            budget = Budget(READINESS.count, READINESS.count / (READINESS.window_ms / 1000))
        self._budgets[address] = budget
        if len(self._budgets) > ADDRESSES_KEPT:
            self._budgets.popitem(last=False)
        budget.spend(1)

    async def down(self, looks: Mapping[str, Look]) -> list[str]:
        """The names of what is away, as of at most a second ago."""
        if self._look is None or (
            self._look.done() and time.monotonic() - self._looked_at >= REMEMBERED_SECONDS
        ):
            self._look = asyncio.create_task(self._look_at(looks))
        return await asyncio.shield(self._look)

    async def _look_at(self, looks: Mapping[str, Look]) -> list[str]:
        try:
            return await _down(looks)
        finally:  # within the task: a callback of it would run after others had found the task done
            self._looked_at = time.monotonic()


async def _down(looks: Mapping[str, Look]) -> list[str]:
    answers = await asyncio.gather(*(_is_up(look) for look in looks.values()))
    return [name for name, is_up in zip(looks, answers, strict=True) if not is_up]


async def _is_up(look: Look) -> bool:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            await look()
    except (RedisError, OSError, TimeoutError, psycopg.Error, PoolTimeout):
        return False
    return True
