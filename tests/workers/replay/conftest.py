"""A log, its projection and its directory, all three of one story."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from schema import codec, keys
from schema.blobs import BlobStore
from schema.positions import START, Position
from tests.workers import stories
from tests.workers.replay.test_tampering import ANNA, CARL, DORA, STORY, fields_of
from tests.workers.stories import Said
from workers.batches import Batch, Entry
from workers.projector.projection import Projection
from workers.replay.audit import Audit, Scope
from workers.replay.log_source import LogSource
from workers.replay.report import Report

BELA = next(said.user for said, _ in STORY if said.user not in (ANNA, CARL, DORA))


class Kept:
    """One partition; entry i of the story stands at i-0."""

    def __init__(self, log: Any, database: "AsyncConnectionPool[Any]") -> None:
        self.log = log
        self.database = database

    async def write(self, story: list[Said], first: int = 1) -> None:
        async with self.log.pipeline(transaction=False) as pipe:  # one wait for the disk, not one for each
            for number, said in enumerate(story, first):
                pipe.xadd(keys.log(0), stories.fields(said), id=f"{number}-0")
            await pipe.execute()

    async def project(self, aside: Collection[Position] = ()) -> Position:
        """Everything that is there, but for the entries at `aside`; the new checkpoint."""
        projection = Projection(self.database, 0)
        done = await projection.resume()
        entries: list[Entry[Any]] = []
        for text, fields in await self.log.xrange(keys.log(0), f"({done}", "+"):
            done = Position.parse(text)
            entries.append(Entry(done, *codec.decode_entry(fields), fields))
        for begin in range(0, len(entries), 6):
            some = entries[begin : begin + 6]
            part = [entry for entry in some if entry.position not in aside]
            await projection.handle(Batch(part, some[-1].position))
        for group in keys.LOG_GROUPS:
            await self.log.xgroup_setid(keys.log(0), group, str(done))
        return done

    async def audit(
        self,
        user: UUID | None = None,
        after: Position = START,
        page: int = 6,
        blobs: BlobStore | None = None,
    ) -> Report:
        source = LogSource(self.log, rate=None, page=page, digests=True)
        scope = Scope(1, (0,), user, after)
        audit = Audit(source, self.log, scope, source.pacer, lambda _count: None)
        await audit.begin()
        async with await psycopg.AsyncConnection.connect(
            self.database.conninfo, autocommit=True
        ) as connection:
            return await audit.run(connection, blobs)

    async def texts(self) -> list[str]:
        """What an audit finds."""
        return [f"{found.kind}: {found.text}" for found in (await self.audit()).violations]


@pytest.fixture
async def kept(log: Any, database: "AsyncConnectionPool[Any]") -> Kept:
    """All is well, and everything is projected."""
    kept = Kept(log, database)
    await log.set(keys.PARTITION_COUNT, 1)
    await kept.write(STORY)
    for user in (ANNA, CARL, DORA):
        await log.hset(keys.user(0, user), mapping=fields_of(user))
    await log.hset(keys.user(0, BELA), mapping={"i": stories.key(), "r1": 1, "h1": 3, "c1": 2, "f1": 0})
    for group in keys.LOG_GROUPS:
        await log.xgroup_create(keys.log(0), group, id="0")
    await kept.project()
    return kept
