"""Health: `/healthz` says that the process answers, `/readyz` that it can do its work."""

from typing import Final

from msgspec import UNSET

from relay.database import transaction
from relay.http.calls import Answer, Call
from relay.parts import Parts
from schema.primaries import check_client
from schema.wire_http import Health

DATABASE_SECONDS: Final = 2.0
"""Shorter than a look: a transaction that is cancelled waits for the server once more."""


async def healthy(call: Call[None]) -> Health:  # noqa: ARG001 - a handler like the others
    """The event loop turns."""
    return Health(ok=True)


async def ready(call: Call[None]) -> Answer:
    """200, or 503 with what is down: log, board, database, limits (no policy), draining."""
    parts = call.parts
    parts.readiness.admit(call.address)
    servers_down = await parts.readiness.down(
        {
            "log": lambda: check_client(parts.log),
            "board": lambda: check_client(parts.board),
            "database": lambda: _database(parts),
        }
    )
    down = [*servers_down]
    if not parts.limits.policy.is_there():
        down.append("limits")
    if parts.draining():
        down.append("draining")
    unsafe = list(parts.log_faults) or UNSET
    warning = parts.warning() or UNSET
    return Answer(503 if down else 200, Health(ok=not down, down=down, log_unsafe=unsafe, warning=warning))


async def _database(parts: Parts) -> None:
    async with transaction(parts.database, seconds=DATABASE_SECONDS) as connection:
        await connection.execute("SELECT 1")
