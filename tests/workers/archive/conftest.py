"""A log with a few thousand words' worth of history, its readers, and an archivist on a directory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schema import checkpoints, keys, relay_keys
from schema.positions import Position
from schema.relay_keys import PublicKeys, RelayKey
from tests.workers import stories
from tests.workers.stories import Said
from workers.archive.archivist import Archivist
from workers.archive.store import Store

SECRET = bytes(range(32))
NOW = 1_000_000


@pytest.fixture
async def key(database: Any) -> RelayKey:
    async with database.connection() as connection:
        return await relay_keys.open_or_make(connection, SECRET, NOW)


@pytest.fixture
def public(key: RelayKey) -> PublicKeys:
    return {key.kid: key.private.public_key()}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "archive"


Make = Callable[..., Archivist]


@pytest.fixture
def make(database: Any, log: Any, key: RelayKey, public: PublicKeys, place: Path) -> Make:
    """A new archivist, as after a restart. Small segments."""

    def made(*, entries: int = 5, keep_bodies: bool = False, where: str | None = None) -> Archivist:
        store = Store.open(where or str(place))
        return Archivist(
            store, database, log, key, public, lambda: NOW, entries=entries, keep_bodies=keep_bodies
        )

    return made


async def tell(log: Any, story: list[Said], *, first: int = 1, partition: int = 0) -> None:
    """The story as entries 1-0, 2-0, …"""
    async with log.pipeline(transaction=True) as piece:
        for ms, said in enumerate(story, first):
            piece.xadd(keys.log(partition), stories.fields(said), f"{ms}-0")
        await piece.execute()


async def read_by_all(log: Any, database: Any, partition: int = 0) -> None:
    """Both groups and the projector's checkpoint are at the log's end."""
    last = (await log.xinfo_stream(keys.log(partition)))["last-generated-id"].decode()
    known = {group["name"] for group in await log.xinfo_groups(keys.log(partition))}
    for group in keys.LOG_GROUPS:
        if group.encode() in known:
            await log.xgroup_setid(keys.log(partition), group, last)
        else:
            await log.xgroup_create(keys.log(partition), group, id=last)
    async with database.connection() as connection:
        before = await checkpoints.read(connection, keys.PROJECTOR, partition)
        assert await checkpoints.advance(connection, keys.PROJECTOR, partition, before, Position.parse(last))
