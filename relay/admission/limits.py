"""Limits: exact windows and token buckets on the board, shared by all nodes.

Invariant: fails closed. With no policy on the board, or no board, nothing is admitted.
"""

import asyncio
from collections import deque
from typing import Any, Final
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from relay.admission.admission import refused_limit
from relay.admission.policy import Policy
from schema import codec, functions, keys
from schema.clock import now_ms
from schema.events import Refused
from schema.limits import Limit
from schema.refusals import Refusal

log = structlog.get_logger(__name__)

BOARD_SECONDS: Final = 3.0
NOTES_KEPT: Final = 1000
"""Refusals of one node that wait to be noted; beyond that the oldest are forgotten."""
LIMITS_LOG_ENTRIES: Final = 10_000


class Limits:
    """Asks the board how often; the policy, read every second by `run`, says how often is too often."""

    def __init__(self, board: Any, log_client: Any) -> None:
        self._board = board
        self._log = log_client
        self.policy = Policy(board)
        self._notes: deque[bytes] = deque(maxlen=NOTES_KEPT)
        self._noting: asyncio.Task[None] | None = None

    def row(self, name: str) -> Limit:
        """One limit. Raises Refusal unavailable while there is no policy."""
        return self.policy.row(name)

    async def admit(self, name: str, subject: str, *, user: UUID | None = None, id: str = "") -> None:  # noqa: A002 - the contract's word
        """Admits one event of `subject`; a non-empty `id` that comes again counts once.

        `user` is whose refusals are noted. Raises Refusal rate_limited (with retry_after_ms) or
        unavailable.
        """
        row = self.row(name)
        names = [keys.limit_window(name, subject), keys.override(subject), keys.cooldown(subject)]
        reply = await self._ask("admit", names, [name, row.count, row.window_ms, id])
        self._judge(reply, name, user)

    async def forgive(self, name: str, subject: str, *, id: str) -> None:  # noqa: A002 - as above
        """Takes the admission of the event `id` back. Raises Refusal unavailable."""
        await self._ask("forgive", [keys.limit_window(name, subject)], [id])

    async def spend(self, name: str, subject: str, *, user: UUID | None = None) -> None:
        """Takes a token from the bucket of `subject`. Raises Refusal rate_limited or unavailable."""
        row = self.row(name)
        refill_ms = max(1, row.window_ms // row.count)
        reply = await self._ask("bucket", [keys.bucket(name, subject)], [row.burst or row.count, refill_ms])
        self._judge(reply, name, user)

    def note_refusal(self, user: UUID, name: str) -> None:
        """Appends the refusal to the limits log, soon; the rate-limiter worker reads it there."""
        self._notes.append(codec.encode(Refused(user=user, limit=name, at=now_ms())))
        if self._noting is None or self._noting.done():
            self._noting = asyncio.get_running_loop().create_task(self._note())

    async def run(self) -> None:
        """Keeps the policy fresh, until cancelled."""
        await self.policy.watch()

    def _judge(self, reply: list[Any], name: str, user: UUID | None) -> None:
        if reply[0] == 1:
            return
        limit = refused_limit(reply, name)
        if user is not None:
            self.note_refusal(user, limit)
        raise Refusal("rate_limited", f"Over the limit of {limit}.", retry_after_ms=int(reply[1]))

    async def _ask(self, function: str, names: list[str], args: list[Any]) -> Any:
        try:
            async with asyncio.timeout(BOARD_SECONDS):
                return await functions.call(self._board, "relay", function, names, args)
        except (RedisError, OSError, TimeoutError) as error:
            raise Refusal(
                "unavailable", "Limits cannot be checked right now.", retry_after_ms=1000
            ) from error

    async def _note(self) -> None:
        while self._notes:
            entry = self._notes.popleft()
            try:
                async with asyncio.timeout(BOARD_SECONDS):
                    entries = {codec.EVENT_FIELD: entry}
                    await self._log.xadd(keys.LIMITS_LOG, entries, maxlen=LIMITS_LOG_ENTRIES)
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("refusals_not_noted", count=len(self._notes) + 1, error=type(error).__name__)
                self._notes.clear()
