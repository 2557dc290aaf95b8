"""Sweeping the board: inboxes and presence of nodes that are gone.

Living nodes reap dead ones within seconds; this is for what nobody was left to reap.
"""

from collections.abc import AsyncIterator
from typing import Any, Final

import structlog

from schema import functions, keys

log = structlog.get_logger(__name__)

DEAD_AFTER_MS: Final = 60_000
REAPED_AT_ONCE: Final = 1000
NAMES_AT_ONCE: Final = 500


async def sweep(board: Any, *, dead_after_ms: int = DEAD_AFTER_MS) -> int:
    """Takes dead nodes and what points to them off the board; how many nodes and devices that were."""
    swept = 0
    names: list[str] = []
    async for pair in _names(board):
        names += pair
        if len(names) >= 2 * NAMES_AT_ONCE:
            swept += await _sweep(board, dead_after_ms, names)
            names = []
    swept += await _sweep(board, dead_after_ms, names)
    if swept:
        log.info("board_swept", count=swept)
    return swept


async def _sweep(board: Any, dead_after_ms: int, names: list[str]) -> int:
    args = [dead_after_ms, REAPED_AT_ONCE, *names]
    swept: int = await functions.call(board, "workers", "sweep", [keys.NODES], args)
    return swept


async def _names(board: Any) -> AsyncIterator[tuple[str, str]]:
    for kind, prefix in (
        ("node", keys.inbox("")),
        ("node", keys.node_sockets("")),
        ("user", keys.presence("")),
    ):
        async for name in board.scan_iter(match=f"{prefix}*", count=1000):
            yield kind, name.decode().removeprefix(prefix)
