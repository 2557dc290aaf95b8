"""What the rate-limiter keeps on the board, which may come back empty at any moment: the policy (the limits
in force, as nodes read them), and the operator's limits for single users, as PostgreSQL has them.

Invariant: a board that came back empty has both again within a second or two; until it has the policy, nodes
refuse. The policy outlives a restart of this worker, but not its absence for ten minutes. Overrides that
differ for another reason (an account was deleted while the board was away) are corrected within a minute.
With PostgreSQL away the board keeps the overrides it has; one that lost them too goes by the policy alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, Final

import msgspec
import structlog

from schema import keys, overrides
from schema.failures import AWAY, slug
from schema.limits import Limit

log = structlog.get_logger(__name__)

EVERY_SECONDS: Final = 1.0
POLICY_LIFETIME_MS: Final = 600_000
COMPARED_FOR_MS: Final = 60_000


def policy(limits: Iterable[Limit]) -> dict[str, bytes]:
    """The fields of the policy: per limit its `count`, `window_ms` and `burst` as JSON."""
    return {
        row.name: msgspec.json.encode({"count": row.count, "window_ms": row.window_ms, "burst": row.burst})
        for row in limits
    }


async def install_policy(board: Any, limits: Iterable[Limit]) -> bool:
    """Writes the policy; whether the board lacked (part of) it."""
    added = await board.hset(keys.POLICY, mapping=policy(limits))
    await board.pexpire(keys.POLICY, POLICY_LIFETIME_MS)
    return bool(added)


async def keep_policy(board: Any, limits: Iterable[Limit], stopping: asyncio.Event) -> None:
    """Installs the policy every second until told to stop."""
    install = partial(install_policy, board, limits)
    await _keep(install, stopping, installed="policy_installed", waits="policy_waits")


class Overrides:
    """Compares at its first call, and whenever the board says no more that it was compared.

    The board is marked before it is compared: one that comes back empty meanwhile has no mark, and is
    compared again."""

    def __init__(self, database: Any, board: Any) -> None:
        self._database = database
        self._board = board
        self._is_due = True

    async def install(self) -> bool:
        """Whether the board had others than PostgreSQL."""
        if not self._is_due and await self._board.exists(keys.OVERRIDES):
            return False
        self._is_due = True
        await self._board.set(keys.OVERRIDES, "1", px=COMPARED_FOR_MS)
        async with self._database.connection() as connection:
            corrected = await overrides.install(connection, self._board)
        self._is_due = False
        return corrected > 0


async def keep_overrides(database: Any, board: Any, stopping: asyncio.Event) -> None:
    """Until told to stop."""
    install = Overrides(database, board).install
    await _keep(install, stopping, installed="overrides_installed", waits="overrides_wait")


async def _keep(
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
