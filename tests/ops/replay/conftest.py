"""A small relay: one partition, its directory, its tables."""

import psycopg
import pytest
from redis import Redis

from schema import codec, keys
from schema.events import Refused
from tests.ops.replay.running import SENDER_STORY, USER
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
