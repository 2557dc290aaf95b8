"""Health: `/healthz` says that the process answers, `/readyz` that it can do its work."""

from typing import Final

from msgspec import UNSET

from relay.database import transaction
from relay.http.calls import Answer, Call
from relay.services import NodeServices
from schema.primaries import check_client
from schema.wire_http import Health

DATABASE_SECONDS: Final = 2.0
"""Shorter than a look: a transaction that is cancelled waits for the server once more."""


async def healthy(call: Call[None]) -> Health:  # noqa: ARG001 - a handler like the others
    """The event loop turns."""
    return Health(ok=True)


async def ready(call: Call[None]) -> Answer:
    """200, or 503 with what is down: log, board, database, limits (no policy), draining."""
    services = call.services
    services.readiness.admit(call.address)
    servers_down = await services.readiness.down(
        {
            "log": lambda: check_client(services.log),
            "board": lambda: check_client(services.board),
            "database": lambda: _database(services),
        }
    )
    down = [*servers_down]
    if not services.limits.policy.is_there():
        down.append("limits")
    if services.draining():
        down.append("draining")
    unsafe = list(services.log_faults) or UNSET
    warning = services.warning() or UNSET
    return Answer(503 if down else 200, Health(ok=not down, down=down, log_unsafe=unsafe, warning=warning))


async def _database(services: NodeServices) -> None:
    async with transaction(services.database, seconds=DATABASE_SECONDS) as connection:
        await connection.execute("SELECT 1")
