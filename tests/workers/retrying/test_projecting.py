"""What the projector set aside and is retried leaves the tables as if it had been projected in its place."""

import asyncio
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg_pool import AsyncConnectionPool

from schema import keys
from schema import servers as clients
from schema.positions import Position
from tests.support.until import until
from tests.workers import stories
from tests.workers.consuming import consuming
from tests.workers.oracle import Tables, projected
from tests.workers.projector.test_projection import expectation
from tests.workers.retrying.legal import legal
from tests.workers.stories import (
    Said,
    accepted,
    acknowledged,
    closed,
    deleted,
    expired,
    identity,
    kem_uploaded,
    signed,
    uploaded,
)
from workers import quarantine
from workers.batches import Batch
from workers.projector import digests
from workers.projector.digests import of_entry
from workers.projector.projection import Projection
from workers.retrying.outcome import Outcome
from workers.retrying.retry import Servers, retry
from workers.sources import log_source

SOURCE = log_source(keys.PROJECTOR, 0)
POISON = {b"e": b"\xc1 nobody's entry"}


def alive(tables: Tables) -> Tables:
    """Without the keys of closed devices, which nobody is given, and the times at which something ended."""
    is_open = {row[:2] for row in tables["devices"] if not row[-1]}
    return {
        **tables,
        "devices": [row if row[:2] in is_open else row[:2] for row in tables["devices"]],
        "identities": [(*row[:3], bool(row[3])) for row in tables["identities"]],
        **{
            table: [row for row in tables[table] if row[:2] in is_open]
            for table in ("used_prekeys", "used_kem_prekeys")
        },
    }


class Aside:
    """A log whose entries at some places (0, 1, …) were set aside by the projector."""

    def __init__(self, log: Any, database: "AsyncConnectionPool[Any]", url: str) -> None:
        self.log, self.database, self.url = log, database, url

    async def project(self, story: list[Said], aside: set[int]) -> None:
        entries = stories.entries(story)
        async with self.database.connection() as connection:
            await connection.execute("DELETE FROM checkpoints")
        await self.log.delete(SOURCE.stream, SOURCE.quarantine)
        for place, entry in enumerate(entries):
            await self.log.xadd(SOURCE.stream, dict(entry.fields), id=str(entry.position))
            if place in aside:
                await self.set_aside(str(entry.position), dict(entry.fields))
        projection = Projection(self.database, 0)
        await projection.resume()
        rest = [entry for place, entry in enumerate(entries) if place not in aside]
        await projection.handle(Batch(rest, entries[-1].position))

    async def set_aside(self, position: str, fields: dict[bytes, bytes]) -> None:
        await quarantine.set_aside(self.log, SOURCE, position.encode(), fields, "KeyError", "failing")

    async def aside(self) -> list[quarantine.SetAside]:
        return [entry async for entry in quarantine.read(self.log, SOURCE.quarantine)]

    async def digests(self) -> list[bytes]:
        """Of all entries that are projected."""
        async with self.database.connection() as connection:
            rows = [row async for row in digests.every(connection, 0)]
            return [one for row in rows for one in digests.split(row.digests or b"")]

    async def retry(self, *places: int) -> list[Outcome]:
        """The outcomes of those places (default: all), in the log's order."""
        wanted = [row for row in await self.aside() if not places or row.position.ms - 1 in places]
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            found = await retry(Servers(self.log, None, connection), 0, wanted)
        return [outcome for _, outcome in sorted(found.items())]


def run(database_url: str, log_url: str, check: Any) -> None:
    async def within() -> None:
        async with (
            clients.client(log_url) as log,
            AsyncConnectionPool(database_url, min_size=1, max_size=1, open=False) as database,
        ):
            await check(Aside(log, database, database_url))

    asyncio.run(within())


def test_retried_entries_leave_the_tables_as_if_they_had_never_been_aside(
    database_url: str, log_url: str
) -> None:
    @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data())
    def check(data: st.DataObject) -> None:
        who = stories.users(2)
        story = [(event, seq) for event, seq in legal(data.draw(stories.stories(who)))] or [identity(who[0])]
        places = data.draw(st.sets(st.integers(0, len(story) - 1), min_size=1, max_size=6))
        at_once = data.draw(st.booleans())
        order = data.draw(st.permutations(sorted(places)))

        async def within(aside: Aside) -> None:
            await aside.project(story, places)
            for place in [()] if at_once else [(place,) for place in order]:
                assert {outcome.result for outcome in await aside.retry(*place)} <= {"done", "settled"}
            assert await aside.aside() == []
            assert alive(projected(database_url, who)) == alive(expectation(story))
            every = [of_entry(entry.position, entry.fields) for entry in stories.entries(story)]
            assert sorted(await aside.digests()) == sorted(every)

        run(database_url, log_url, within)

    check()


def test_an_envelope_is_owed_again_only_while_its_mailbox_waits_for_it(
    database_url: str, log_url: str
) -> None:
    async def check(aside: Aside) -> None:
        for settle, result in (
            (lambda _user: [], "done"),
            (lambda user: [acknowledged(user, 1, 2)], "settled"),
            (lambda user: [expired(user, 1, 1)], "settled"),
            (lambda user: [closed(user, 1)], "settled"),
            (lambda user: [deleted(user)], "settled"),
        ):
            user = uuid4()
            waits = [identity(user), accepted(user, 1, 1), accepted(user, 1, 2)]
            later = settle(user)
            await aside.project([*waits, *later], {1})
            assert await aside.retry() == [Outcome(result)]  # type: ignore[arg-type]
            assert projected(database_url, [user]) == expectation([*waits, *later])
            assert await aside.aside() == []

    run(database_url, log_url, check)


def test_a_late_entry_undoes_nothing_that_came_after_it(database_url: str, log_url: str) -> None:
    user = uuid4()
    story = [
        identity(user, 1), uploaded(user, 1, 7), identity(user, 2, "replaced", 1001, stories.key(2), 2),
        identity(user, 3, "added", 1002, stories.key(2), 3), uploaded(user, 3, 9), accepted(user, 3, 1),
    ]  # fmt: skip

    async def check(aside: Aside) -> None:
        for place in range(len(story)):
            await aside.project(story, {place})
            await aside.retry()
            assert projected(database_url, [user]) == expectation(story), place
            async with aside.database.connection() as connection:
                await connection.execute("DELETE FROM devices")

    run(database_url, log_url, check)


def test_nothing_of_an_identity_that_was_set_aside_is_given_out_under_the_one_before(
    database_url: str, log_url: str
) -> None:
    user = uuid4()
    old, new = stories.key(1), stories.key(2)
    before: list[Said] = [
        identity(user, 1, identity_key=old, kem=11), uploaded(user, 1, 7, under=old),
        kem_uploaded(user, 1, 7, under=old),
    ]  # fmt: skip
    after: list[Said] = [
        identity(user, 1, "replaced", 1001, new, 2, kem=12), uploaded(user, 1, 9, under=new),
        kem_uploaded(user, 1, 9, under=new), signed(user, 1, 3, 1002, kem=13, under=new),
        identity(user, 2, "added", 1003, new, 4, kem=12), uploaded(user, 2, 5, under=new),
        identity(user, 1, "added", 1004, new, 5, kem=11),
    ]  # fmt: skip

    async def check(aside: Aside) -> None:
        for later in ([], [identity(user, 3, "replaced", 1005, old, 6), uploaded(user, 3, 1, under=old)]):
            await aside.project([*before, *after, *later], {3})
            if not later:
                assert projected(database_url, [user]) == expectation(before)
            assert await aside.retry() == [Outcome("done")]
            whole = expectation([*before, *after, *later])
            assert alive(projected(database_url, [user])) == alive(whole)

    run(database_url, log_url, check)


def test_what_cannot_be_handled_stays_aside_and_says_why(database_url: str, log_url: str) -> None:
    user = uuid4()
    event, seq = accepted(user, 1, 1)
    bad = identity(user, 1, number=1)[0]
    too_large = type(bad)(
        **{name: getattr(bad, name) for name in bad.__struct_fields__} | {"registration_id": 2**40}
    )
    story: list[Said] = [identity(user, 2), (too_large, 0), (event, seq), accepted(user, 2, 1)]

    async def check(aside: Aside) -> None:
        await aside.project(story, {1, 3})
        await aside.set_aside("3-0", POISON)
        await aside.set_aside("99-0", stories.fields(accepted(user, 2, 2)))
        outcomes = await aside.retry()
        assert [outcome.result for outcome in outcomes] == ["failed", "unreadable", "done", "too_early"]
        assert outcomes[0].reason == "NumericValueOutOfRange 22003"
        assert [row.position for row in await aside.aside()] == [
            Position(2, 0), Position(3, 0), Position(99, 0),
        ]  # fmt: skip
        await aside.log.xtrim(SOURCE.stream, minid="4-0", approximate=False)
        assert (await aside.retry(1))[0].result == "too_late"

    run(database_url, log_url, check)


def test_an_entry_that_was_dropped_fails_no_earlier_one_of_its_user(database_url: str, log_url: str) -> None:
    user = uuid4()
    bad = msgspec.structs.replace(identity(user)[0], registration_id=2**40)
    story: list[Said] = [identity(user), accepted(user, 1, 1), (bad, 0), accepted(user, 1, 2)]

    async def check(aside: Aside) -> None:
        await aside.project(story, {1, 2})
        _, failing = await aside.aside()
        await quarantine.drop(aside.log, 0, [failing])
        assert await aside.retry() == [Outcome("done")]
        assert projected(database_url, [user]) == expectation([*story[:2], story[3]])

    run(database_url, log_url, check)


def test_a_retry_waits_for_the_projector_and_misses_nothing_that_it_commits(
    database_url: str, log_url: str
) -> None:
    user = uuid4()
    story = [identity(user), accepted(user, 1, 1), accepted(user, 1, 2)]

    async def check(aside: Aside) -> None:
        await aside.project(story, {0})
        said = stories.fields(accepted(user, 1, 3))
        await aside.log.xadd(SOURCE.stream, said, id="4-0")
        async with await psycopg.AsyncConnection.connect(database_url) as projector:
            await projector.execute("UPDATE checkpoints SET position = '4-0'")
            retrying = asyncio.create_task(aside.retry())
            await asyncio.sleep(0.2)
            assert not retrying.done()
            await projector.commit()
        assert await retrying == [Outcome("done")]
        (box,) = projected(database_url, [user])["mailboxes"]
        assert box[2] == 3, "also what was projected meanwhile, and had no device"

    run(database_url, log_url, check)


def test_what_the_projector_itself_set_aside_is_handled_once_the_cause_is_repaired(
    database_url: str, log_url: str
) -> None:
    user = uuid4()
    story = [identity(user), *(accepted(user, 1, seq) for seq in (1, 2, 3))]

    async def check(aside: Aside) -> None:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as cause:
            await cause.execute("ALTER TABLE envelopes ADD CONSTRAINT narrow CHECK (seq <> 2)")
            for event, seq in story:
                await aside.log.xadd(SOURCE.stream, stories.fields((event, seq)))
            async with consuming(log_url, Projection(aside.database, 0), source=SOURCE):
                await until(aside.aside)
            (row,) = await aside.aside()
            assert (row.kind, row.reason) == ("failing", "CheckViolation 23514")
            assert (await aside.retry())[0].result == "failed"
            await cause.execute("ALTER TABLE envelopes DROP CONSTRAINT narrow")
        assert await aside.retry() == [Outcome("done")]
        assert projected(database_url, [user]) == expectation(story)

    run(database_url, log_url, check)
