"""The fold of the log equals Postgres, however it is cut into batches and however often it is delivered."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg_pool import AsyncConnectionPool

from schema import keys
from schema.positions import START, Position
from tests.workers import stories
from tests.workers.moments import inserts, note_inserts
from tests.workers.oracle import Oracle, projected
from tests.workers.stories import Said, accepted, acknowledged, closed, deleted, expired, identity, uploaded
from workers.batches import Batch, Superseded
from workers.projector.projection import Projection, Turn, is_urgent
from workers.projector.rounds import CHANGES, rounds
from workers.projector.settled import unsettled


async def project(
    database: AsyncConnectionPool[Any], story: list[Said], cuts: list[int] | None = None
) -> None:
    projection = Projection(database, 0)
    entries = stories.entries(story)
    await projection.resume()
    bounds = [0, *sorted(set(cuts or [])), len(entries)]
    for first, last in itertools.pairwise(bounds):
        part = entries[first:last]
        if part:
            await projection.handle(Batch(part, part[-1].position))


Work = Callable[[AsyncConnectionPool[Any]], Coroutine[Any, Any, None]]


@contextmanager
def one_pool(database_url: str) -> Iterator[Callable[[Work], None]]:
    """Runs what it is given on an open pool, the same for all examples of a property."""
    with asyncio.Runner() as runner:
        database = AsyncConnectionPool(database_url, min_size=1, max_size=1, open=False)
        runner.run(database.open(wait=True))
        try:
            yield lambda work: runner.run(work(database))
        finally:
            runner.run(database.close())


def expectation(story: list[Said]) -> dict[str, list[tuple[Any, ...]]]:
    oracle = Oracle()
    for event, seq in story:
        oracle.apply(event, seq)
    return oracle.tables()


def test_the_projection_equals_the_fold_of_any_log_in_any_batches(database_url: str) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data())
    def check(data: st.DataObject) -> None:
        who = stories.users(2)
        story = data.draw(stories.stories(who))
        cuts = data.draw(st.lists(st.integers(0, len(story)), max_size=5))

        async def work(database: AsyncConnectionPool[Any]) -> None:
            async with database.connection() as connection:
                await connection.execute("DELETE FROM checkpoints")
            await project(database, story, cuts)
            assert projected(session, who) == expectation(story)

        run(work)

    with one_pool(database_url) as run, psycopg.connect(database_url, autocommit=True) as session:
        check()


def test_facts_that_are_written_twice_change_nothing(database_url: str) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data())
    def check(data: st.DataObject) -> None:
        user = uuid4()
        facts = [
            (event, seq)
            for event, seq in data.draw(stories.stories([user]))
            if not isinstance(event, CHANGES)
        ]
        story = [identity(user, 1), identity(user, 2, "added"), *facts]

        async def work(database: AsyncConnectionPool[Any]) -> None:
            async with database.connection() as connection:
                await connection.execute("DELETE FROM checkpoints")
            await project(database, story)
            async with database.connection() as connection:
                for turn in rounds(unsettled(stories.entries(story))):
                    await Turn.of(turn).apply(connection)
            assert projected(session, [user]) == expectation(story)

        run(work)

    with one_pool(database_url) as run, psycopg.connect(database_url, autocommit=True) as session:
        check()


async def test_an_envelope_acknowledged_in_the_same_batch_is_never_written(database, database_url) -> None:
    user = uuid4()
    note_inserts(database_url)
    await project(
        database,
        [
            identity(user),
            accepted(user, 1, 1),
            accepted(user, 1, 2),
            identity(user, 2, "added"),
            accepted(user, 2, 1),
            accepted(user, 1, 3),
            acknowledged(user, 1, 2),
            closed(user, 2),
        ],
    )
    assert inserts(database_url) == [3]


async def test_an_envelope_expired_in_the_same_batch_is_never_owed(database, database_url) -> None:
    user = uuid4()
    await project(database, [identity(user), accepted(user, 1, 1), expired(user, 1, 1), accepted(user, 1, 2)])
    tables = projected(database_url, [user])
    assert [row[2] for row in tables["envelopes"]] == [2]
    assert tables["mailboxes"] == [(user, 1, 2, 0, 1)]


async def test_an_acknowledged_envelope_leaves_at_once_and_does_not_come_back(database, database_url) -> None:
    user = uuid4()
    story = [identity(user), accepted(user, 1, 1), acknowledged(user, 1, 1), accepted(user, 1, 1)]
    await project(database, story, [2, 3])
    assert projected(database_url, [user])["envelopes"] == []


async def test_a_replaced_identity_closes_every_other_device_with_all_it_had(database, database_url) -> None:
    user = uuid4()
    story = [
        identity(user, 1, "first", 1000, stories.key(1)),
        identity(user, 2, "added", 1001, stories.key(1)),
        uploaded(user, 1, 1, 2),
        accepted(user, 1, 1),
        accepted(user, 2, 1),
        identity(user, 3, "replaced", 1002, stories.key(2)),
        accepted(user, 3, 1),
    ]
    for cuts in ([], [1, 2, 3, 4, 5, 6]):
        user = uuid4()
        story = [(type(event)(**{**_members(event), "user": user}), seq) for event, seq in story]
        with psycopg.connect(database_url) as connection:
            connection.execute("DELETE FROM checkpoints")
        await project(database, story, cuts)
        tables = projected(database_url, [user])
        assert tables == expectation(story)
        assert [(row[1], row[-1]) for row in tables["devices"]] == [(1, 1002), (2, 1002), (3, 0)]
        assert [(row[1], row[3]) for row in tables["identities"]] == [
            (stories.key(1), 1002),
            (stories.key(2), 0),
        ]
        assert [row[:2] for row in tables["mailboxes"]] == [(user, 3)]
        assert tables["one_time_prekeys"] == []


async def test_whoever_replaces_an_identity_begins_its_prekeys_anew(database, database_url) -> None:
    user = uuid4()
    story = [
        identity(user, 1, "first", 1000, stories.key(1)),
        uploaded(user, 1, 1, 2),
        identity(user, 1, "replaced", 1001, stories.key(2)),
        uploaded(user, 1, 2, 3),
    ]
    await project(database, story, [2])
    tables = projected(database_url, [user])
    assert tables == expectation(story)
    assert [row[2] for row in tables["one_time_prekeys"]] == [2, 3]


def _members(event: Any) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


async def test_an_account_that_was_deleted_leaves_nothing(database, database_url) -> None:
    user, other = uuid4(), uuid4()
    await project(
        database,
        [
            identity(user), uploaded(user, 1, 1, 2), stories.taken(user, 1, 1), accepted(user, 1, 1),
            identity(other), accepted(other, 1, 1), deleted(user),
        ],
        [4],
    )  # fmt: skip
    assert not any(projected(database_url, [user]).values())
    assert projected(database_url, [other])["envelopes"] != []


async def test_a_prekey_that_was_taken_is_not_offered_again_by_a_later_upload(database, database_url) -> None:
    user = uuid4()
    await project(
        database,
        [identity(user), stories.taken(user, 1, 1), uploaded(user, 1, 1, 2)],
        [2],
    )
    assert [row[2] for row in projected(database_url, [user])["one_time_prekeys"]] == [2]


async def test_a_former_owners_commit_fails_and_changes_nothing(database, database_url) -> None:
    user = uuid4()
    former, owner = Projection(database, 0), Projection(database, 0)
    story = stories.entries([identity(user), accepted(user, 1, 1)])
    await former.resume()
    await owner.resume()
    await owner.handle(Batch(story[:1], story[0].position))
    with pytest.raises(Superseded):
        await former.handle(Batch(story, story[1].position))
    assert projected(database_url, [user])["envelopes"] == []
    assert await former.resume() == story[0].position


async def test_a_batch_without_entries_only_moves_the_checkpoint(database, database_url) -> None:
    projection = Projection(database, 3)
    assert await projection.resume() == START
    await projection.handle(Batch([], Position(9, 1)))
    assert await Projection(database, 3).resume() == Position(9, 1)
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT * FROM checkpoints").fetchall()
    assert rows == [(keys.PROJECTOR, 3, "9-1")]


async def test_a_failed_batch_moves_neither_rows_nor_checkpoint(database, database_url) -> None:
    user = uuid4()
    projection = Projection(database, 0)
    await projection.resume()
    entries = stories.entries([identity(user), uploaded(user, 1, 2**31)])
    with pytest.raises(psycopg.DataError):
        await projection.handle(Batch(entries, entries[-1].position))
    assert not any(projected(database_url, [user]).values())
    assert await projection.resume() == START


def test_keys_are_urgent_and_envelopes_are_not() -> None:
    user = uuid4()
    assert is_urgent(identity(user)[0])
    assert is_urgent(uploaded(user, 1, 1)[0])
    assert not is_urgent(accepted(user, 1, 1)[0])
    assert not is_urgent(acknowledged(user, 1, 1)[0])
