"""A relay whose older entries are in the archive: one partition, projected to its end."""

import asyncio
import shutil
from base64 import b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec
from psycopg_pool import AsyncConnectionPool

from schema import keys, relay_keys, servers
from schema.positions import Position
from tests.ops.replay.snapshots import Snapshot
from tests.workers import stories
from tests.workers.archive.conftest import tell
from tests.workers.replay.conftest import BELA, Kept
from tests.workers.replay.test_tampering import ANNA, CARL, DORA, STORY, fields_of
from workers.archive.archivist import Archivist
from workers.archive.store import Store
from workers.retention.trimming import Trimmer

EVE: Final = uuid5(UUID(int=9), "eve")
SECRET: Final = bytes(range(32))
TRAFFIC: Final = 300
SEGMENT: Final = 60
"""Entries of a segment."""
WINDOW: Final = 30
"""Milliseconds. Entry i stands at i ms."""


def _story() -> list[stories.Said]:
    """The tampering tests' story in the middle of EVE's traffic: she acknowledges, but for the last three."""
    traffic = [stories.identity(EVE)]
    for number in range(1, TRAFFIC + 1):
        traffic.append(stories.accepted(EVE, 1, number, at=number))
        if number % 5 == 0 and number < TRAFFIC - 3:
            traffic.append(stories.acknowledged(EVE, 1, number))
    return [*traffic[:70], *STORY, *traffic[70:]]


HISTORY: Final = _story()
ENTRIES: Final = len(HISTORY)
TRIMMED_UPTO: Final = ENTRIES - 20
"""Milliseconds. The log of `States.trimmed` begins there."""


class Archived:
    """The servers and the place of the archive; `env` is for the command. The servers are empty at first:
    `fill` writes the history, `Snapshot.put` a state from before."""

    def __init__(self, log_url: str, database_url: str, folder: Path) -> None:
        self.log_url = log_url
        self.database_url = database_url
        self.place = folder / "archive"
        secret = folder / "secret.key"
        secret.write_bytes(b64encode(SECRET))
        self.env = {
            "SEALSTREAM_LOG_URL": log_url, "SEALSTREAM_DATABASE_URL": database_url,
            "SEALSTREAM_ARCHIVE": str(self.place), "SEALSTREAM_SECRET_FILE": str(secret),
        }  # fmt: skip

    def fill(self) -> None:
        """Writes the history and projects it."""
        self.do(self._fill)

    def put(self, state: Snapshot) -> "Archived":
        """Itself, in that state."""
        state.put(self.log_url, self.database_url, self.place)
        return self

    def clear(self) -> None:
        """Empties servers and archive."""
        Snapshot.clear(self.log_url, self.database_url)
        shutil.rmtree(self.place, ignore_errors=True)

    def taken(self, into: Path) -> Snapshot:
        """The present state; the archive is copied to `into`."""
        return Snapshot.take(self.log_url, self.database_url, self.place, into)

    def do(self, step: Callable[[Any, Any], Awaitable[None]]) -> None:
        """Runs `step` with the log and a pool of the database."""

        async def done() -> None:
            pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
                self.database_url, open=False, min_size=1, max_size=2
            )
            async with servers.client(self.log_url) as log, pool as database:
                await step(log, database)

        asyncio.run(done())

    async def archivist(self, log: Any, database: Any, *, keep_bodies: bool = False) -> Archivist:
        async with database.connection() as connection:
            key = await relay_keys.open_or_make(connection, SECRET, 1)
        public = {key.kid: key.private.public_key()}
        store = Store.open(str(self.place))
        return Archivist(
            store, database, log, key, public, lambda: 1, entries=SEGMENT, keep_bodies=keep_bodies
        )

    def trim(
        self, upto: int, *, under_pressure: bool = False, with_archive: bool = True, keep_bodies: bool = False
    ) -> None:
        """As retention does: by age exactly what stood before `upto` ms, under pressure a little less."""

        async def step(log: Any, database: Any) -> None:
            archivist = await self.archivist(log, database, keep_bodies=keep_bodies) if with_archive else None
            trimmer = Trimmer(database, log, archivist)
            if under_pressure:
                while await trimmer.trim_oldest(0, Position(upto, 0)):
                    pass
            else:
                await trimmer.trim_window(1, now=upto + WINDOW, window_ms=WINDOW)

        self.do(step)

    def begins(self) -> int:
        """Where the log begins."""
        found: list[int] = []

        async def step(log: Any, _database: Any) -> None:
            found.append(Position.parse((await log.xrange(keys.log(0), count=1))[0][0]).ms)

        self.do(step)
        return found[0]

    def segment(self, number: int) -> Path:
        return self.place / "0000" / f"{number:012}.segment"

    async def _fill(self, log: Any, database: Any) -> None:
        kept = Kept(log, database)
        await log.set(keys.PARTITION_COUNT, 1)
        await tell(log, HISTORY)
        acknowledged = max(seq for event, seq in HISTORY if type(event).__name__ == "EnvelopesAcknowledged")
        for user in (ANNA, CARL, DORA):
            await log.hset(keys.user(0, user), mapping=fields_of(user))
        for user, head, cursor in ((BELA, 3, 2), (EVE, TRAFFIC, acknowledged)):
            fields = {"i": stories.key(), "r1": 1, "h1": head, "c1": cursor, "f1": 0}
            await log.hset(keys.user(0, user), mapping=fields)
        for group in keys.LOG_GROUPS:
            await log.xgroup_create(keys.log(0), group, id="0")
        await kept.project()


class States(msgspec.Struct, frozen=True):
    """`whole`: everything is in the log, and there is no archive. `trimmed`: what stood before TRIMMED_UPTO
    is in the archive alone. `with_bodies`: and that one keeps the ciphertexts."""

    whole: Snapshot
    trimmed: Snapshot
    with_bodies: Snapshot

    def __repr__(self) -> str:
        """Short: hypothesis prints it."""
        return "the states"

    @classmethod
    def prepare(cls, log_url: str, database_url: str, folder: Path) -> "States":
        """In servers that are empty."""
        relay = Archived(log_url, database_url, folder)
        relay.fill()
        whole = relay.taken(folder / "none")
        relay.trim(TRIMMED_UPTO)
        trimmed = relay.taken(folder / "trimmed")
        relay.clear()
        relay.put(whole).trim(TRIMMED_UPTO, keep_bodies=True)
        return cls(whole, trimmed, relay.taken(folder / "with bodies"))
