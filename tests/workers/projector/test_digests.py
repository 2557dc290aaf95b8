"""`entry_digests` has what the projector read, however it is cut into batches; its rows join up to the
checkpoint."""

import itertools
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg_pool import AsyncConnectionPool

from schema.positions import START, Position
from tests.workers import stories
from tests.workers.projector.test_projection import one_pool
from tests.workers.stories import Said, accepted, identity
from workers.batches import Batch, Superseded
from workers.projector import digests
from workers.projector.digests import APPENDED_BYTES, Row, of_entry
from workers.projector.projection import Projection

USER = uuid4()
Pool = AsyncConnectionPool[Any]


async def rows(database: Pool) -> list[Row]:
    async with database.connection() as connection:
        return [row async for row in digests.every(connection, 0)]


async def empty(database: Pool) -> None:
    async with database.connection() as connection:
        for table in ("checkpoints", "entry_digests"):
            await connection.execute(f"DELETE FROM {table}")


def naive(story: list[Said]) -> bytes:
    """One after the other, in the order of the log."""
    return b"".join(of_entry(entry.position, entry.fields) for entry in stories.entries(story))


def joined(found: list[Row], upto: Position) -> bytes:
    """All digests; the rows join from the beginning up to there."""
    places = [START, *(row.upto for row in found)]
    assert [(row.after, row.upto) for row in found] == list(itertools.pairwise(places))
    assert places[-1] == upto
    return b"".join(row.digests or b"" for row in found)


def test_the_digests_are_those_of_all_entries_in_any_batches_by_any_owners(database_url: str) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        stories.stories(stories.users(2)),
        st.lists(st.integers(1, 40), max_size=6),
        st.sets(st.integers(0, 6)),
    )
    def check(story: list[Said], cuts: list[int], owners: set[int]) -> None:
        async def work(database: Pool) -> None:
            await empty(database)
            entries, projection = stories.entries(story), Projection(database, 0)
            await projection.resume()
            bounds = [0, *sorted({cut for cut in cuts if cut < len(entries)}), len(entries)]
            for number, (first, last) in enumerate(itertools.pairwise(bounds)):
                if number in owners:
                    projection = Projection(database, 0)
                    await projection.resume()
                await projection.handle(Batch(entries[first:last], Position(last, 0)))
            assert joined(await rows(database), Position(len(story), 0)) == naive(story)

        run(work)

    with one_pool(database_url) as run:
        check()


async def test_small_batches_share_a_row_and_a_full_row_is_left_alone(database: Pool) -> None:
    story = [identity(USER), *(accepted(USER, 1, seq) for seq in range(1, 250))]
    projection = Projection(database, 0)
    await projection.resume()
    for entry in stories.entries(story):
        await projection.handle(Batch([entry], entry.position))
    found = await rows(database)
    assert joined(found, Position(250, 0)) == naive(story)
    assert [len(row.digests or b"") for row in found] == [APPENDED_BYTES, APPENDED_BYTES, 50 * 16]


async def test_a_batch_that_is_not_committed_leaves_no_digest(database: Pool) -> None:
    entries = stories.entries([identity(USER), accepted(USER, 1, 1), accepted(USER, 1, 2)])
    projection = Projection(database, 0)
    await projection.resume()
    await projection.handle(Batch(entries[:1], entries[0].position))

    class Failing(Projection):
        async def conclude(self, _connection: Any) -> None:
            raise KeyError

    failing = Failing(database, 0)
    await failing.resume()
    with pytest.raises(KeyError):
        await failing.handle(Batch(entries[1:], entries[2].position))
    await projection.handle(Batch(entries[1:2], entries[1].position))
    with pytest.raises(Superseded):
        await Projection.handle(failing, Batch(entries[1:], entries[2].position))
    found = await rows(database)
    assert joined(found, Position(2, 0)) == naive([identity(USER), accepted(USER, 1, 1)])


async def test_what_an_earlier_version_projected_is_a_row_without_digests(
    database: Pool, database_url: str
) -> None:
    entries = stories.entries([identity(USER), *(accepted(USER, 1, seq) for seq in range(1, 6))])
    projection = Projection(database, 0)
    await projection.resume()
    await projection.handle(Batch(entries[:2], Position(2, 0)))
    for position in ("4-0", "5-0"):
        with psycopg.connect(database_url) as connection:
            connection.execute("UPDATE checkpoints SET position = %s", (position,))
        await projection.resume()
    await projection.handle(Batch(entries[5:], Position(6, 0)))
    found = await rows(database)
    assert joined(found, Position(6, 0)) == b"".join(
        of_entry(entry.position, entry.fields) for entry in (*entries[:2], *entries[5:])
    )
    assert [row.digests is None for row in found] == [False, True, False]


async def test_a_checkpoint_that_was_set_back_takes_its_rows_along(database: Pool, database_url: str) -> None:
    story = [identity(USER), accepted(USER, 1, 1), accepted(USER, 1, 2)]
    entries, projection = stories.entries(story), Projection(database, 0)
    await projection.resume()
    for entry in entries:
        await projection.resume()
        await projection.handle(Batch([entry], entry.position))
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE checkpoints SET position = '0-0'")
    await projection.resume()
    await projection.handle(Batch(entries, Position(3, 0)))
    assert joined(await rows(database), Position(3, 0)) == naive(story)


async def test_rows_of_what_was_trimmed_go_and_a_row_that_is_needed_in_part_stays(database: Pool) -> None:
    entries = stories.entries([identity(USER), *(accepted(USER, 1, seq) for seq in range(1, 300))])
    projection = Projection(database, 0)
    await projection.resume()
    for begin in range(0, 300, 100):
        await projection.handle(Batch(entries[begin : begin + 100], Position(begin + 100, 0)))
    assert await forget(database, {0: Position(199, 5), 1: Position(300, 0)}) == 1
    assert [row.upto.ms for row in await rows(database)] == [200, 300]
    assert await forget(database, {0: Position(200, 0)}) == 1
    assert await forget(database, {}) == 0
    assert await forget(database, {0: Position(300, 0)}) == 0, "the projector may append to the newest"
    await projection.handle(Batch(entries[:1], Position(301, 0)))


async def forget(database: Pool, trimmed: dict[int, Position]) -> int:
    async with database.connection() as connection:
        return await digests.forget(connection, trimmed)
