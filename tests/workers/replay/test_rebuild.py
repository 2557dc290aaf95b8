"""A rebuild: the same rows as the live database has, in an empty one; it can be stopped, and harms nobody's
data."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from schema.events import BlobStored
from schema.positions import Position
from tests.databases import Databases
from tests.servers import Servers
from tests.workers import stories
from tests.workers.replay.conftest import Kept
from tests.workers.replay.test_tampering import ANNA, BELA, CARL, STORY
from workers.replay import likeness
from workers.replay.likeness import Likeness
from workers.replay.log_source import LogSource
from workers.replay.rebuild import NotEmpty, Rebuild, claim

LAST = Position(len(STORY), 0)


@pytest.fixture
def second_url(servers: Servers, _databases: Databases) -> Iterator[str]:
    """One more database with the newest tables and no rows."""
    name = _databases.take()
    yield servers.database_url(name)
    _databases.give_back(name)


@pytest.fixture
async def second(second_url: str) -> AsyncIterator["AsyncConnectionPool[Any]"]:
    async with AsyncConnectionPool(second_url, min_size=1, max_size=2, open=False) as pool:
        yield pool


async def rebuilt(kept: Kept, second: "AsyncConnectionPool[Any]", upto: Position = LAST) -> Position:
    async with second.connection() as connection:
        await claim(connection)
    return await Rebuild(
        LogSource(kept.log, rate=None, page=4, digests=True), second, {}, lambda _: None
    ).run(0, upto)


async def alike(kept: Kept, second: "AsyncConnectionPool[Any]") -> dict[str, Likeness]:
    async with kept.database.connection() as live, second.connection() as other:
        return {found.table: found async for found in likeness.compare(live, other)}


async def test_a_rebuild_has_the_rows_and_digests_of_the_live_database(
    kept: Kept, second: "AsyncConnectionPool[Any]"
) -> None:
    assert await rebuilt(kept, second) == LAST
    found = await alike(kept, second)
    assert len(found) == 10
    for table in found.values():
        assert (table.same, table.excused, table.live_digest) == (True, 0, table.rebuilt_digest)
        assert table.live == table.rebuilt
        assert table.live > 0 or table.table == "blobs"


async def test_a_rebuild_has_the_rows_of_stored_files(kept: Kept, second: "AsyncConnectionPool[Any]") -> None:
    file = BlobStored(user=ANNA, device=1, at=5, blob=b"b" * 32, digest=b"d" * 32, size=9, until=99)
    await kept.write([(file, 0)], int(LAST.ms) + 1)
    await kept.project()
    await rebuilt(kept, second, Position(LAST.ms + 1, 0))
    found = (await alike(kept, second))["blobs"]
    assert (found.same, found.live, found.rebuilt) == (True, 1, 1)


async def test_a_rebuild_that_was_stopped_goes_on_and_is_known_by_its_mark(
    kept: Kept, second: "AsyncConnectionPool[Any]"
) -> None:
    assert await rebuilt(kept, second, Position(9, 0)) == Position(9, 0)
    async with second.connection() as connection:
        assert await claim(connection), "it goes on"
    assert await rebuilt(kept, second) == LAST
    assert all(table.same for table in (await alike(kept, second)).values())


async def test_a_database_with_rows_that_no_rebuild_wrote_is_refused(
    kept: Kept, second: "AsyncConnectionPool[Any]"
) -> None:
    async with kept.database.connection() as connection:
        with pytest.raises(NotEmpty):
            await claim(connection)
    async with second.connection() as connection:
        await connection.execute("INSERT INTO users VALUES (%s, 'anna', 'x', 1, 1)", (ANNA,))
        with pytest.raises(NotEmpty, match="users"):
            await claim(connection)


async def test_rows_that_differ_are_named_and_what_a_node_took_meanwhile_is_excused(
    kept: Kept, second: "AsyncConnectionPool[Any]"
) -> None:
    await rebuilt(kept, second)
    async with kept.database.connection() as connection:
        await connection.execute("UPDATE mailboxes SET cursor = 3 WHERE user_id = %s", (ANNA,))
        await connection.execute("DELETE FROM envelopes WHERE user_id = %s AND seq = 3", (CARL,))
        await connection.execute("DELETE FROM one_time_prekeys WHERE user_id = %s AND prekey_id = 2", (ANNA,))
        await connection.execute("INSERT INTO used_prekeys VALUES (%s, 1, 2, 7)", (ANNA,))
        await connection.execute("UPDATE used_prekeys SET taken_at = 9")
        await connection.execute("DELETE FROM kem_prekeys WHERE user_id = %s AND prekey_id = 2", (BELA,))
        await connection.execute("INSERT INTO used_kem_prekeys VALUES (%s, 1, 2, 7)", (BELA,))
    found = await alike(kept, second)
    assert {name for name, table in found.items() if not table.same} == {"mailboxes", "envelopes"}
    assert found["mailboxes"].differing == [f"{ANNA} 1 (differs)"]
    assert found["envelopes"].differing == [f"{CARL} 1 3 (only rebuilt)"]
    for waiting, used in (("one_time_prekeys", "used_prekeys"), ("kem_prekeys", "used_kem_prekeys")):
        assert (found[waiting].excused, found[used].excused) == (1, 1)
    async with kept.database.connection() as connection:
        await connection.execute("DELETE FROM one_time_prekeys WHERE user_id = %s AND prekey_id = 3", (ANNA,))
    assert found.keys() == (await alike(kept, second)).keys()
    assert not (await alike(kept, second))["one_time_prekeys"].same, "nobody took it"


async def test_entries_that_were_set_aside_are_passed_over(
    kept: Kept, second: "AsyncConnectionPool[Any]"
) -> None:
    await kept.write([stories.accepted(ANNA, 1, 5)], first=100)
    await kept.log.xadd("{0}:log", {"e": b"garbage"}, id="101-0")
    async with second.connection() as connection:
        await claim(connection)
    run = Rebuild(LogSource(kept.log, rate=None), second, {0: {Position(100, 0)}}, lambda _: None)
    assert await run.run(0, Position(101, 0)) == Position(101, 0)
    assert run.unreadable == 1
    assert all(table.same for table in (await alike(kept, second)).values())


def test_a_target_url_that_cannot_be_one_is_told(kept: Any) -> None:
    from tests.ops.replay.running import run

    done = run(
        "replay",
        "rebuild",
        "--into",
        "nonsense",
        SEALSTREAM_LOG_URL="unix:///x",
        SEALSTREAM_DATABASE_URL="postgresql://x/y",
    )
    assert (done.exit_code, done.stderr.startswith("sealstream: --into ")) == (2, True)


def test_the_command_rebuilds_compares_and_refuses(
    kept: Kept, log_url: str, database_url: str, second_url: str
) -> None:
    from tests.ops.replay.running import run

    environment = {"SEALSTREAM_LOG_URL": log_url, "SEALSTREAM_DATABASE_URL": database_url}
    done = run("replay", "rebuild", "--into", second_url, "--fast", **environment)
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "The same as the live database."), (
        done.stdout
    )
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE mailboxes SET cursor = 3 WHERE user_id = %s", (ANNA,))
    done = run("replay", "rebuild", "--into", second_url, **environment)
    assert done.exit_code == 1
    assert "Going on with a rebuild" in done.stdout
    assert f"mailboxes: {ANNA} 1 (differs)" in done.stdout
    done = run("replay", "rebuild", "--into", database_url, **environment)
    assert (done.exit_code, "is not empty" in done.stderr) == (2, True)
