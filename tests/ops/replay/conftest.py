"""A small relay: one partition, its directory, its tables; and one whose older entries are in the archive."""

from pathlib import Path

import psycopg
import pytest
from redis import Redis

from schema import codec, keys
from schema.events import Refused
from tests.databases import Databases
from tests.ops.replay.archived import Archived, States
from tests.ops.replay.running import SENDER_STORY, USER
from tests.servers import Servers
from tests.workers import stories


@pytest.fixture
def relay(log_url: str, database_url: str) -> dict[str, str]:
    """A partition with a mailbox of three envelopes, two of them acknowledged; nothing is projected yet."""
    with Redis.from_url(log_url) as log:
        log.set(keys.PARTITION_COUNT, 1)
        for number, said in enumerate(SENDER_STORY, 1):
            log.xadd(keys.log(0), stories.fields(said), id=f"{number}000-0")  # type: ignore[arg-type]
        log.hset(keys.user(0, USER), mapping={"i": stories.key(), "r1": 1, "h1": 3, "c1": 2, "f1": 0})
        for group in keys.LOG_GROUPS:
            log.xgroup_create(keys.log(0), group, id="0")
        for at in (1500, 2500):
            log.xadd(keys.LIMITS_LOG, {codec.EVENT_FIELD: codec.encode(Refused(USER, "messages", at))})
        log.xadd(keys.LIMITS_LOG, {"e": b"garbage"})
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO checkpoints VALUES ('projector', 0, '0-0')")
    return {"SEALSTREAM_LOG_URL": log_url, "SEALSTREAM_DATABASE_URL": database_url}


@pytest.fixture(scope="session")
def states(_servers: Servers, _databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> States:
    _servers.revive()
    with Redis.from_url(_servers.log_url) as log:
        log.flushall()
    name = _databases.take()
    try:
        folder = tmp_path_factory.mktemp("states")
        return States.prepare(_servers.log_url, _servers.database_url(name), folder)
    finally:
        _databases.give_back(name)


@pytest.fixture
def whole(states: States, log_url: str, database_url: str, tmp_path: Path) -> Archived:
    """Everything is in the log."""
    return Archived(log_url, database_url, tmp_path).put(states.whole)


@pytest.fixture
def trimmed(states: States, log_url: str, database_url: str, tmp_path: Path) -> Archived:
    """The older entries are in the archive alone, in seven segments."""
    return Archived(log_url, database_url, tmp_path).put(states.trimmed)


@pytest.fixture
def with_bodies(states: States, log_url: str, database_url: str, tmp_path: Path) -> Archived:
    """As `trimmed`, and the archive keeps the ciphertexts."""
    return Archived(log_url, database_url, tmp_path).put(states.with_bodies)
