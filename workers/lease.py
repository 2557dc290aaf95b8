"""Leases: which worker reads a partition, so that usually exactly one does.

A lease keeps order cheap, not correct: a holder that froze may wake up later than it thinks, and what it
then commits is refused by the checkpoint. So a lease can be short, and a take-over quick.
"""

from contextlib import suppress
from typing import Any

from redis.asyncio.lock import Lock
from redis.exceptions import LockError, LockNotOwnedError

from schema import keys
from schema.failures import AWAY


class Lease:
    """One group's lease on one partition."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock

    @classmethod
    async def take(cls, board: Any, group: str, partition: int, seconds: float) -> "Lease | None":
        """The lease, if nobody holds it."""
        lock = Lock(board, keys.lease(group, partition), timeout=seconds, blocking=False, thread_local=False)
        return cls(lock) if await lock.acquire() else None

    async def renew(self) -> bool:
        """Holds it for its full time again; False when it is somebody else's or nobody's by now."""
        try:
            return await self._lock.reacquire()
        except LockNotOwnedError:
            return False

    async def give_back(self) -> None:
        """Lets the next worker have it; one that is lost already, or a board that is away, is no matter."""
        with suppress(LockError, *AWAY):
            await self._lock.release()
