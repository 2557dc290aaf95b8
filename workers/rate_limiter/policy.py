"""The policy on the board: the limits in force, as nodes read them.

Invariant: a board that came back empty has its policy again within a second or two; until then nodes
refuse. It outlives a restart of this worker, but not its absence for ten minutes.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from schema import keys
from schema.limits import Limit
from workers.rate_limiter.keeping import keep

LIFETIME_MS: Final = 600_000


def policy(limits: Iterable[Limit]) -> dict[str, bytes]:
    """The fields of the policy: per limit its `count`, `window_ms` and `burst` as JSON."""
    return {
        row.name: msgspec.json.encode({"count": row.count, "window_ms": row.window_ms, "burst": row.burst})
        for row in limits
    }


async def install(board: Any, limits: Iterable[Limit]) -> bool:
    """Writes the policy; whether the board lacked (part of) it."""
    added = await board.hset(keys.POLICY, mapping=policy(limits))
    await board.pexpire(keys.POLICY, LIFETIME_MS)
    return bool(added)


async def keep_installed(board: Any, limits: Iterable[Limit], stopping: asyncio.Event) -> None:
    """Installs the policy every second until told to stop."""
    await keep(lambda: install(board, limits), stopping, installed="policy_installed", waits="policy_waits")
