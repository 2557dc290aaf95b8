"""The log is rewritten behind the projector's back: every entry that was altered, dropped, doubled or put in
another's place is named, also an envelope that was delivered long ago and of which no table has a row."""

from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from schema import keys
from schema.events import EnvelopeAccepted, EnvelopesAcknowledged
from schema.positions import Position
from tests.workers import stories
from tests.workers.replay.conftest import BELA, Kept
from tests.workers.replay.rewriting import Row, altered, rewrite
from tests.workers.replay.test_rebuild import alike, rebuilt, second, second_url  # noqa: F401 - fixtures
from tests.workers.replay.test_tampering import ANNA, STORY
from workers import quarantine
from workers.projector import digests
from workers.projector.devices import OF_A_USER
from workers.replay.audit import Audit, Scope
from workers.replay.log_source import LogSource
from workers.replay.report import Report
from workers.retention.clearing import forget_digests
from workers.sources import log_source

LAST = Position(len(STORY), 0)
DELIVERED = next(
    at for at, (event, seq) in enumerate(STORY)
    if isinstance(event, EnvelopeAccepted) and (event.user, seq) == (ANNA, 1)
)  # fmt: skip


FORGED: dict[str, Any] = {"body": b"forged", "from_user": BELA, "from_device": 9, "kind": "prekey", "at": 5}


@pytest.mark.parametrize("field", FORGED)
async def test_a_delivered_envelope_of_which_a_field_was_altered_is_named(kept: Kept, field: str) -> None:
    await rewrite(kept.log, altered(DELIVERED, **{field: FORGED[field]}))
    (violation,) = (await kept.audit()).violations
    assert (violation.kind, violation.position) == ("altered", Position(DELIVERED + 1, 0))
    assert (violation.user, violation.device) == (ANNA, 1)
    assert violation.text == "is not the entry that was projected: it was altered, or put in since"


async def test_any_entry_that_was_altered_is_named_at_its_position(kept: Kept) -> None:
    true = await kept.log.xrange(keys.log(0))
    for at in range(len(STORY)):
        await rewrite(kept.log, lambda _, at=at: altered(at, at=77)(true))
        assert ("altered", Position(at + 1, 0)) in await places(kept), STORY[at]


async def test_any_entry_that_was_dropped_is_missed(kept: Kept) -> None:
    """An acknowledgement that a later one includes, too."""
    true = await kept.log.xrange(keys.log(0))
    for at in range(len(STORY)):
        await rewrite(kept.log, lambda _, at=at: true[:at] + true[at + 1 :])
        assert "gone" in {kind for kind, _ in await places(kept)}, STORY[at]


async def test_an_entry_that_was_doubled_is_named(kept: Kept) -> None:
    ack = next(at for at, (event, _) in enumerate(STORY) if isinstance(event, EnvelopesAcknowledged))
    for at in (DELIVERED, ack):
        again = f"{at + 1}-1".encode()
        await rewrite(
            kept.log,
            lambda rows, at=at, again=again: [*rows[: at + 1], (again, rows[at][1]), *rows[at + 1 :]],
        )
        assert ("altered", Position(at + 1, 1)) in await places(kept)
        await rewrite(kept.log, lambda rows: [row for row in rows if b"-1" not in row[0][-2:]])
        assert await places(kept) == []


async def test_two_entries_that_changed_places_are_both_named(kept: Kept) -> None:
    def swap(rows: list[Row]) -> list[Row]:
        (one, earlier), (other, later) = rows[DELIVERED], rows[DELIVERED + 1]
        return [*rows[:DELIVERED], (one, later), (other, earlier), *rows[DELIVERED + 2 :]]

    await rewrite(kept.log, swap)
    assert await places(kept) == [
        ("altered", Position(DELIVERED + 1, 0)), ("altered", Position(DELIVERED + 2, 0)),
    ]  # fmt: skip


async def places(kept: Kept) -> list[tuple[str, Position | None]]:
    return [(one.kind, one.position) for one in (await kept.audit()).violations]


async def test_a_part_of_the_log_finds_what_was_altered_in_it_alone(kept: Kept) -> None:
    await rewrite(kept.log, altered(DELIVERED, body=b"forged"))
    assert [one.user for one in (await kept.audit(ANNA)).violations] == [ANNA]
    assert (await kept.audit(BELA)).clean
    assert not (await kept.audit(after=Position(DELIVERED, 0))).clean
    assert (await kept.audit(after=Position(DELIVERED + 1, 0))).clean
    assert not (await log_alone(kept, Position(DELIVERED + 1, 0))).clean
    assert (await log_alone(kept, Position(DELIVERED, 0))).clean


async def log_alone(kept: Kept, upto: Position) -> Report:
    source = LogSource(kept.log, rate=None, page=6, digests=True)
    audit = Audit(source, kept.log, Scope(1, (0,), None, upto=upto), source.pacer, lambda _: None)
    await audit.begin()
    async with await psycopg.AsyncConnection.connect(kept.database.conninfo, autocommit=True) as connection:
        return await audit.log_alone(connection)


async def test_entries_behind_the_checkpoint_are_not_compared_yet(kept: Kept) -> None:
    await kept.write([stories.accepted(ANNA, 1, 5)], first=100)
    await kept.log.hset(keys.user(0, ANNA), "h1", 5)
    assert (await kept.audit()).violations == []
    assert (await log_alone(kept, Position(200, 0))).violations == []
    await kept.project()
    assert (await kept.audit()).violations == []


async def test_a_row_of_digests_that_was_dropped_or_altered_is_named(kept: Kept) -> None:
    async with kept.database.connection() as connection:
        await connection.execute(
            "UPDATE entry_digests SET digests = decode(repeat('00', 16), 'hex') || substring(digests from 17)"
        )
    (violation,) = (await kept.audit()).violations
    assert (violation.kind, violation.position) == ("altered", Position(1, 0))
    async with kept.database.connection() as connection:
        await connection.execute("DELETE FROM entry_digests")
    (violation,) = (await kept.audit()).violations
    assert violation.kind == "digests"


async def test_an_entry_in_quarantine_has_no_digest_until_it_was_retried(kept: Kept) -> None:
    source, fields = log_source(keys.PROJECTOR, 0), stories.fields(stories.accepted(ANNA, 1, 5))
    await kept.write([stories.accepted(ANNA, 1, 5)], first=100)
    await kept.log.hset(keys.user(0, ANNA), "h1", 5)
    await quarantine.set_aside(kept.log, source, b"100-0", fields, "KeyError", "failing")
    await kept.project(aside={Position(100, 0)})
    assert {kind for kind, _ in await places(kept)} == {"quarantine"}
    async with kept.database.connection() as connection:
        for _ in range(2):  # a retry may be repeated
            read = digests.of_entry(Position(100, 0), fields)
            await digests.add_late(connection, 0, Position(100, 0), read)
    await kept.log.delete(source.quarantine)
    assert ("altered", Position(100, 0)) not in await places(kept)
    assert "gone" not in {kind for kind, _ in await places(kept)}


async def test_what_was_trimmed_leaves_no_digests_and_the_rest_is_compared(kept: Kept) -> None:
    await kept.log.xtrim(keys.log(0), minid="14-0", approximate=False)
    await kept.log.set(keys.trimmed(0), "13-0")
    assert (await kept.audit()).violations == []
    assert await forget_digests(kept.database, kept.log, 1) == 0, "the row is needed in part"
    assert (await kept.audit()).violations == []
    await rewrite(kept.log, altered(3, at=77))
    await kept.log.set(keys.trimmed(0), "13-0")
    assert ("altered", Position(17, 0)) in await places(kept)


async def test_a_rebuild_has_the_same_digests_and_tells_where_an_entry_was_altered(
    kept: Kept,
    second: "AsyncConnectionPool[Any]",  # noqa: F811
) -> None:
    await rebuilt(kept, second)
    assert await everything(second) == await everything(kept.database) != b""
    found = (await alike(kept, second))["entry_digests"]
    assert (found.same, found.live, found.rebuilt) == (True, len(STORY), len(STORY))
    async with second.connection() as connection:
        for table in ("checkpoints", "entry_digests", *OF_A_USER):
            await connection.execute(f"DELETE FROM {table}")
    await rewrite(kept.log, altered(DELIVERED, body=b"forged"))
    await rebuilt(kept, second)
    found = (await alike(kept, second))["entry_digests"]
    assert (found.different, found.live, found.rebuilt) == (1, len(STORY) - 1, len(STORY))
    assert found.differing == [f"partition 0 behind 0-0, up to {LAST}"]
    assert found.live_digest != found.rebuilt_digest


async def test_a_rebuild_is_not_compared_where_the_live_database_kept_no_digests(
    kept: Kept,
    second: "AsyncConnectionPool[Any]",  # noqa: F811
) -> None:
    await rebuilt(kept, second)
    async with kept.database.connection() as connection:
        await connection.execute("UPDATE entry_digests SET digests = NULL")
    found = (await alike(kept, second))["entry_digests"]
    assert (found.same, found.live, found.rebuilt) == (True, 0, 0)


async def everything(database: "AsyncConnectionPool[Any]") -> bytes:
    async with database.connection() as connection:
        return b"".join([row.digests or b"" async for row in digests.every(connection, 0)])
