"""The limits in force, as this node last read them from the board.

Invariant: without a policy nothing is admitted. The rate-limiter worker installs it; a node reads it
every second and goes on with what it has for at most ten seconds.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
import structlog
from redis.exceptions import RedisError

from schema import keys
from schema.limits import DEFAULTS, Limit
from schema.refusals import Refusal

log = structlog.get_logger(__name__)

READ_EVERY_SECONDS: Final = 1.0
BOARD_SECONDS: Final = 2.0
USABLE_SECONDS: Final = 10.0

_ROWS: Final = {row.name: row for row in DEFAULTS}


class _Installed(msgspec.Struct):
    """The value of one field of the board's `policy` hash."""

    count: int
    window_ms: int
    burst: int | None = None


class Policy:
    """Read by `watch`; asked by everything that admits."""

    def __init__(self, board: Any, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._board = board
        self._monotonic = monotonic
        self._rows: dict[str, Limit] = {}
        self._read_at = float("-inf")

    def row(self, name: str) -> Limit:
        """One limit. Raises Refusal unavailable while there is no policy."""
        if self._monotonic() - self._read_at > USABLE_SECONDS or name not in self._rows:
            raise Refusal(
                "unavailable", "No limits are in force, so nothing is admitted.", retry_after_ms=2000
            )
        return self._rows[name]

    def is_there(self) -> bool:
        """Whether every limit is in force."""
        return self._monotonic() - self._read_at <= USABLE_SECONDS and self._rows.keys() >= _ROWS.keys()

    async def read(self) -> None:
        """Reads the policy from the board; an empty one leaves the last in use for its ten seconds."""
        async with asyncio.timeout(BOARD_SECONDS):
            found = await self._board.hgetall(keys.POLICY)
        rows = {}
        for name, value in found.items():
            if (row := _ROWS.get(name.decode())) is not None:
                installed = msgspec.json.decode(value, type=_Installed)
                rows[row.name] = msgspec.structs.replace(row, **msgspec.structs.asdict(installed))
        if rows:
            self._rows = rows
            self._read_at = self._monotonic()

    async def watch(self) -> None:
        """Reads again every second, until cancelled."""
        was_there: bool | None = None
        while True:
            try:
                await self.read()
            except (RedisError, OSError, TimeoutError):
                pass  # `row` refuses by itself when the last reading is too old
            except (msgspec.DecodeError, msgspec.ValidationError):
                log.exception("policy_unreadable")
            if self.is_there() != was_there:
                was_there = self.is_there()
                log.info("policy_read" if was_there else "policy_missing")
            await asyncio.sleep(READ_EVERY_SECONDS)
