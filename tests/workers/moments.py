"""Exact moments at which to kill a worker: while it waits for a lock in PostgreSQL, or to write to Valkey."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self
from uuid import UUID, uuid4

import psycopg

from schema import keys
from schema.partitions import partition_of
from tests.workers import stories
from tests.workers.running import PARTITIONS
from tests.workers.stories import Said

PAUSE_MS = 60_000
TEST = "test"
"""The name of the test's own connections."""


async def say(log: Any, *story: Said, at_ms: int | None = None) -> None:
    """Appends the story in one piece, so that a lingering reader has all of it in hand. With `at_ms` the log
    took it then, long ago (nothing may be there yet)."""
    async with log.pipeline(transaction=True) as piece:
        for number, said in enumerate(story, 1):
            position = "*" if at_ms is None else f"{at_ms}-{number}"
            piece.xadd(keys.log(partition_of(said[0].user, PARTITIONS)), stories.fields(said), position)
        await piece.execute()


async def pending(log: Any, group: str, stream: str | None = None) -> int:
    streams = [stream] if stream else [keys.log(partition) for partition in range(PARTITIONS)]
    total = 0
    for name in streams:
        if await log.exists(name):
            total += sum(
                row["pending"] for row in await log.xinfo_groups(name) if row["name"] == group.encode()
            )
    return total


async def nothing_left(log: Any, group: str, stream: str | None = None) -> bool:
    streams = [stream] if stream else [keys.log(partition) for partition in range(PARTITIONS)]
    for name in streams:
        if not await log.exists(name):
            return False  # the worker is up, and has yet to join
        groups = {row["name"]: row for row in await log.xinfo_groups(name)}
        row = groups.get(group.encode())
        if row is None or row["pending"] or row["lag"]:
            return False
    return True


@asynccontextmanager
async def writes_paused(client: Any) -> AsyncIterator[None]:
    await client.execute_command("CLIENT PAUSE", PAUSE_MS, "WRITE")
    try:
        yield
    finally:
        await client.execute_command("CLIENT UNPAUSE")


async def reads(log: Any, streams: int = PARTITIONS) -> bool:
    """Whether the workers have read all there is of so many streams and wait for more."""
    waiting = [one for one in await _of_workers(log) if one["cmd"] == "xreadgroup" and "b" in one["flags"]]
    return len(waiting) >= streams


async def follows(log: Any) -> bool:
    """Whether the pusher has routed all there is and waits for more."""
    return any(one["cmd"] == "xread" and "b" in one["flags"] for one in await _of_workers(log))


async def is_busy(log: Any) -> bool:
    """Whether the pusher has read something that it has not routed yet."""
    return not await follows(log)


async def no_worker(client: Any) -> bool:
    """Whether the server has noticed the end of every worker: none of their commands is still to come."""
    return not await _of_workers(client)


async def _of_workers(client: Any) -> list[dict[str, str]]:
    return [one for one in await client.client_list() if one["name"] != TEST]


async def rounds(log: Any) -> int:
    """How many rounds retention has begun on this server: each asks its clock."""
    return int((await log.info("commandstats")).get("cmdstat_time", {"calls": 0})["calls"])


class Lock:
    """An exclusive lock on a table, and whether someone waits for it."""

    def __init__(self, database_url: str, table: str) -> None:
        self._url = database_url
        self._connection = psycopg.connect(database_url)
        self._connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")

    async def waited_for(self, by: int = 1) -> bool:
        with psycopg.connect(self._url) as other:  # within one transaction the answer would stay the same
            rows = other.execute(
                "SELECT 1 FROM pg_stat_activity "
                "WHERE wait_event_type = 'Lock' AND datname = current_database()"
            ).fetchall()
        return len(rows) >= by

    def release(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


async def some_pending(log: Any, group: str) -> bool:
    return await pending(log, group) > 0


def users_of_every_partition() -> list[UUID]:
    users: dict[int, UUID] = {}
    while len(users) < PARTITIONS:
        user = uuid4()
        users[partition_of(user, PARTITIONS)] = user
    return list(users.values())


def note_inserts(database_url: str) -> None:
    """From here on `inserts` knows which envelopes were written."""
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE written (seq bigint)")
        connection.execute(
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN INSERT INTO written VALUES (NEW.seq); RETURN NEW; END $$"
        )
        connection.execute(
            "CREATE TRIGGER note BEFORE INSERT ON envelopes FOR EACH ROW EXECUTE FUNCTION note()"
        )


def inserts(database_url: str) -> list[int]:
    """The numbers of the envelopes written since, those rolled back left out."""
    with psycopg.connect(database_url) as connection:
        return [seq for (seq,) in connection.execute("SELECT seq FROM written")]
