"""Repairs and audits as an operator runs them."""

from contextlib import suppress
from typing import Any

import psycopg
from redis.exceptions import ResponseError

from schema import keys
from tests.support.log_and_database import PARTITIONS, LogAndDatabase
from workers.archive import heads
from workers.archive.archivist import Archivist
from workers.archive.source import ArchiveSource, JoinedSource
from workers.replay.audit import Audit, Scope
from workers.replay.log_source import LogSource
from workers.replay.records import Source
from workers.replay.report import Report


class Declined(Exception):
    """The operator says no."""


class Operator:
    """Agrees, or not, and remembers what was shown."""

    def __init__(self, *, agrees: bool = True) -> None:
        self.shown = ""
        self._agrees = agrees

    def __call__(self, lines: list[str]) -> None:
        self.shown = "\n".join(lines)
        if not self._agrees:
            raise Declined


async def repaired(world: LogAndDatabase, repair: Any, operator: Operator | None = None) -> str:
    """What the operator was shown."""
    asked = operator or Operator()
    before = await world.rows("SELECT log_id FROM log_identity")
    await repair(world.client, world.begin, PARTITIONS, asked)
    assert await world.settle() not in {log_id for (log_id,) in before}, "the id is a new one"
    assert not await world.client.exists(keys.REPAIR)
    return asked.shown


async def audited(world: LogAndDatabase, archivist: Archivist | None = None) -> Report:
    """An audit of everything that there is."""
    live = LogSource(world.client, rate=None)
    source: Source = live
    async with world.begin() as connection:
        if archivist is not None:
            archive = ArchiveSource(archivist.store, archivist.keys, await heads.read_all(connection))
            source = JoinedSource(archive, live)
    scope = Scope(PARTITIONS, tuple(range(PARTITIONS)))
    for partition in range(PARTITIONS):
        with suppress(ResponseError):  # a repair makes it
            await world.client.xgroup_create(keys.log(partition), keys.PUSHER, id="0")
    audit = Audit(source, world.client, scope, live.pacer, lambda _: None)
    await audit.begin()
    async with await psycopg.AsyncConnection.connect(world.database.conninfo, autocommit=True) as connection:
        return await audit.run(connection)
