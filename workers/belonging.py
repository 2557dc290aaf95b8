"""A worker begins only on the log of its database (`schema.log_identity`).

The projector and retention need the database anyway and compare the two before they begin. The pusher and the
rate-limiter begin without it, on a log that has its id, because deliveries and limits must go on while the
database is away; they compare as soon as it answers, and end if the two do not belong together.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from schema import log_identity, partitions, tasks
from schema.log_identity import Guard
from schema.waiting import until_there

CONNECT_SECONDS = 5


class Belonging:
    """Of the log at `client` and the database at `database_url`, with `wanted` partitions."""

    def __init__(self, client: Any, database_url: str, wanted: int) -> None:
        self._client = client
        self._database_url = database_url
        self._wanted = wanted

    async def settled(self) -> Guard:
        """The guard of the connections to the log. Raises LogUnfit or PartitionsDiffer."""
        settle = log_identity.settle
        log_id = await until_there("database", lambda: settle(self._client, self._begin, self._wanted))
        return Guard(log_id, self._wanted)

    async def as_the_log_says(self) -> Guard:
        """The same by the log alone, if it has an id; to be confirmed. Raises PartitionsDiffer, LogUnfit."""
        found = await until_there("log", self._read)
        if found.repair is None and (log_id := _only(found.ids)) is not None:
            return Guard(log_id, self._wanted)
        return await self.settled()

    async def confirmed(self, work: Coroutine[Any, Any, None]) -> None:
        """Does `work`, which ends when the log turns out to be another's. Raises LogUnfit."""
        working, settling = asyncio.create_task(work), asyncio.create_task(self.settled())
        try:
            await asyncio.wait({working, settling}, return_when=asyncio.FIRST_COMPLETED)
            if settling.done():
                settling.result()
            await working
        finally:
            await tasks.end([task for task in (working, settling) if not task.done()])

    async def _read(self) -> log_identity.Found:
        await partitions.check(self._client, self._wanted)
        return await log_identity.read_log(self._client, self._wanted)

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[AsyncConnection[Any]]:
        async with await AsyncConnection.connect(
            self._database_url, connect_timeout=CONNECT_SECONDS, target_session_attrs="read-write"
        ) as connection:
            yield connection


def _only(ids: list[UUID | None]) -> UUID | None:
    return ids[0] if len(set(ids)) == 1 else None
