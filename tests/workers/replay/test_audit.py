"""The audit on real servers: its cuts, and what it finds where only the servers can tell."""

import asyncio
import gc
from uuid import uuid4

import psycopg
import pytest

from schema import keys, servers
from schema.positions import Position
from tests.workers import stories
from tests.workers.replay.conftest import BELA, Kept
from tests.workers.replay.test_tampering import ANNA, CARL, STORY
from workers import quarantine
from workers.replay.audit import Audit, NoCheckpoint, Scope
from workers.replay.log_source import LogSource
from workers.replay.records import Overtaken

LAST = Position(len(STORY), 0)


async def test_a_relay_that_is_well_is_clean_and_the_audit_says_as_of_when(kept: Kept) -> None:
    report = await kept.audit()
    assert (report.violations, report.clean, report.older_rows) == ([], True, 0)
    (row,) = report.partitions
    assert (row.begins, row.complete, row.tables, row.directory) == (Position(1, 0), True, LAST, LAST)
    assert row.entries == len(STORY)
    assert row.accepted == row.delivered + row.owed + row.expired + row.dropped
    assert (row.accepted, row.delivered, row.expired, row.prekeys_taken) == (12, 4, 2, 3)


async def test_the_tables_are_compared_where_the_projector_is_and_the_directory_where_the_log_is(
    kept: Kept,
) -> None:
    await kept.write([stories.accepted(ANNA, 1, 5), stories.taken(ANNA, 1, 2)], first=100)
    await kept.log.hset(keys.user(0, ANNA), "h1", 5)
    report = await kept.audit()
    assert report.violations == []
    (row,) = report.partitions
    assert (row.tables, row.directory) == (LAST, Position(101, 0))


async def test_a_prekey_that_left_the_table_must_be_taken_further_on_in_the_log(kept: Kept) -> None:
    async with kept.database.connection() as connection:
        await connection.execute("DELETE FROM one_time_prekeys WHERE user_id = %s AND prekey_id = 2", (ANNA,))
        await connection.execute("INSERT INTO used_prekeys VALUES (%s, 1, 2, 7)", (ANNA,))
    assert await kept.texts() == [
        "row missing: one-time prekey 2 was taken in PostgreSQL, and the log does not say so"
    ]
    await kept.write([stories.taken(ANNA, 1, 2)], first=100)
    assert await kept.texts() == []


async def test_a_kem_prekey_that_left_the_table_must_be_taken_further_on_in_the_log(kept: Kept) -> None:
    async with kept.database.connection() as connection:
        await connection.execute("DELETE FROM kem_prekeys WHERE user_id = %s AND prekey_id = 2", (BELA,))
        await connection.execute("INSERT INTO used_kem_prekeys VALUES (%s, 1, 2, 7)", (BELA,))
    assert await kept.texts() == [
        "row missing: one-time KEM prekey 2 was taken in PostgreSQL, and the log does not say so"
    ]
    await kept.write([stories.taken(BELA, 1, 3)], first=100)
    assert len(await kept.texts()) == 1, "a prekey of the other kind says nothing about it"
    await kept.write([stories.kem_taken(BELA, 1, 2)], first=101)
    assert await kept.texts() == []


async def test_a_kem_prekey_altered_in_postgresql_is_named(kept: Kept) -> None:
    async with kept.database.connection() as connection:
        await connection.execute("UPDATE kem_prekeys SET key = 'x' WHERE prekey_id = 2")
        await connection.execute("UPDATE devices SET kem_prekey = 'x' WHERE user_id = %s", (CARL,))
    assert sorted(await kept.texts()) == [
        "row: devices: another last-resort KEM prekey than in the log",
        "row: kem_prekeys: one-time KEM prekey 2 has another key in the log",
    ]


async def test_a_row_altered_in_postgresql_is_named(kept: Kept) -> None:
    async with kept.database.connection() as connection:
        await connection.execute("UPDATE envelopes SET body = 'x' WHERE user_id = %s AND seq = 3", (ANNA,))
        await connection.execute("DELETE FROM mailboxes WHERE user_id = %s", (BELA,))
    assert sorted(await kept.texts()) == [
        "row missing: mailboxes: the row is missing; the log has it",
        "row: envelopes: number 3 is not what the log has under it",
    ]


@pytest.mark.parametrize("at", [2, 19, 20, len(STORY)])
async def test_an_entry_deleted_from_the_stream_is_found_even_if_nothing_follows_from_it(
    kept: Kept, at: int
) -> None:
    await kept.log.xdel(keys.log(0), f"{at}-0")
    assert "removed" in {text.split(":")[0] for text in await kept.texts()}


async def test_a_beginning_that_retention_did_not_trim_is_missed(kept: Kept) -> None:
    """Of entries at the beginning alone nothing else shows: who follows them has an unknown past then."""
    await kept.log.xtrim(keys.log(0), minid="2-0", approximate=False)
    assert await kept.texts() == [
        "removed: entries before 2-0 are gone, and retention did not trim them",
        f"gone: projected, and no longer in the log: 1 entry behind 0-0, up to {LAST}",
    ]
    await kept.log.hset(keys.log_gaps(0), "1-0", "")  # a repair forgets what retention trimmed
    assert await kept.texts() == []


async def test_the_first_entry_deleted_from_the_stream_is_found(kept: Kept) -> None:
    await kept.log.xdel(keys.log(0), "1-0")
    text, gone = await kept.texts()
    assert gone.startswith("gone: projected, and no longer in the log: 1 entry")
    assert text == "removed: entries up to 1-0 were removed one by one, and no account was deleted after that"
    await kept.log.set(keys.trimmed(0), "1-0")
    assert await kept.texts() == [], "retention may have trimmed what was beside it since"


async def test_an_account_erased_before_the_stretch_is_no_violation(kept: Kept) -> None:
    """The deletion stands before the entries that are read."""
    await kept.write([stories.deleted(BELA)], first=100)
    async with kept.database.connection() as connection:
        await connection.execute("DELETE FROM users WHERE user_id = %s", (BELA,))
    await kept.log.delete(keys.user(0, BELA))
    await kept.project()
    hers = [f"{at}-0" for at, (said, _) in enumerate(STORY, 1) if said.user == BELA]
    await kept.log.xdel(keys.log(0), *hers)
    await kept.write([stories.accepted(ANNA, 1, 5)], first=200)
    await kept.log.hset(keys.user(0, ANNA), "h1", 5)
    assert (await kept.audit(after=Position(150, 0))).violations == []
    assert await kept.texts() == []


async def test_an_account_that_is_erased_while_the_audit_runs_is_no_violation(kept: Kept) -> None:
    """Its entries leave the log behind the fold, which never sees the deletion."""

    class Erasing(Audit):
        async def _compare_directory(self, partition: int) -> Position:
            at = await super()._compare_directory(partition)
            await kept.write([stories.deleted(BELA)], first=100)
            await kept.log.xdel(keys.log(0), "2-0")
            return at

    source = LogSource(kept.log, rate=None)
    audit = Erasing(source, kept.log, Scope(1, (0,)), source.pacer, lambda _: None)
    await audit.begin()
    async with await psycopg.AsyncConnection.connect(kept.database.conninfo, autocommit=True) as connection:
        assert (await audit.run(connection)).violations == []


async def test_of_a_trimmed_log_only_what_it_has_is_said(kept: Kept) -> None:
    await kept.log.xtrim(keys.log(0), minid="13-0", approximate=False)
    await kept.log.set(keys.trimmed(0), "12-0")
    report = await kept.audit()
    assert report.violations == []
    assert report.older_rows
    (row,) = report.partitions
    assert (row.begins, row.complete) == (Position(13, 0), False)
    assert row.accepted == row.delivered + row.owed + row.expired + row.dropped


async def test_a_log_that_is_read_from_a_later_position_on_says_as_much(kept: Kept) -> None:
    report = await kept.audit(after=Position(12, 5))
    assert report.violations == []
    assert report.partitions[0].begins == Position(13, 0)


async def test_one_user_is_looked_at_alone(kept: Kept) -> None:
    async with kept.database.connection() as connection:
        await connection.execute("UPDATE mailboxes SET cursor = 1 WHERE user_id = %s", (BELA,))
    assert (await kept.audit(ANNA)).clean
    assert [found.user for found in (await kept.audit(BELA)).violations] == [BELA]
    assert (await kept.audit(uuid4())).partitions[0].accepted == 0


async def test_the_log_alone_is_folded_up_to_a_position(kept: Kept) -> None:
    source = LogSource(kept.log, rate=None)
    audit = Audit(source, kept.log, Scope(1, (0,), None, upto=Position(15, 0)), source.pacer, lambda _: None)
    await audit.begin()
    report = await audit.log_alone()
    assert (report.clean, report.partitions[0].entries, report.partitions[0].tables) == (True, 15, None)


async def test_a_page_asked_for_in_advance_that_nobody_wants_leaves_no_complaint() -> None:
    """As of a receipt whose entry was on the page before: then the connection is closed."""
    complaints: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: complaints.append(about["message"]))
    client = servers.client("redis://127.0.0.1:1")
    asked = LogSource(client)._ask(keys.log(0), Position(0, 0), LAST, 2)
    await asyncio.wait([asked])
    del asked
    gc.collect()
    assert complaints == []
    await client.aclose()


async def test_readers_that_are_missing_or_stuck_are_named(kept: Kept) -> None:
    await kept.log.xgroup_setid(keys.log(0), keys.PROJECTOR, "0")
    ((_, ((entry, _),)),) = await kept.log.xreadgroup(keys.PROJECTOR, "gone", {keys.log(0): ">"}, count=1)
    await kept.log.execute_command("XCLAIM", keys.log(0), keys.PROJECTOR, "gone", 0, entry, "IDLE", 600_000)
    await kept.log.xgroup_destroy(keys.log(0), keys.PUSHER)
    assert sorted(await kept.texts()) == [
        "group: the group pusher is missing",
        "pending: pending for projector, for more than 5 minutes: nobody takes it over",
    ]


async def test_what_was_set_aside_is_named_once(kept: Kept) -> None:
    await kept.write([stories.accepted(ANNA, 1, 5)], first=100)
    await kept.log.xadd(keys.log(0), {"e": b"garbage"}, id="101-0")
    await kept.log.hset(keys.user(0, ANNA), "h1", 5)
    for position, reason in (("100-0", "deadly"), ("101-0", "garbage")):
        about = {"group": keys.PROJECTOR, "position": position, "reason": reason}
        await kept.log.xadd(keys.quarantine(0), about)
    async with kept.database.connection() as connection:
        await connection.execute("UPDATE checkpoints SET position = '101-0'")
    assert await kept.texts() == [
        "quarantine: set aside by projector: deadly",
        "quarantine: set aside by projector: garbage",
    ]


async def test_what_was_dropped_from_the_quarantine_is_a_note(kept: Kept) -> None:
    await kept.write([stories.accepted(ANNA, 1, 5)], first=100)
    await kept.log.xadd(keys.log(0), {"e": b"garbage"}, id="101-0")
    await kept.log.hset(keys.user(0, ANNA), "h1", 5)
    for position in ("100-0", "101-0"):
        about = {"group": keys.PROJECTOR, "position": position, "reason": "deadly"}
        await kept.log.xadd(keys.quarantine(0), about)
    async with kept.database.connection() as connection:
        await connection.execute("UPDATE checkpoints SET position = '101-0'")
    stream = keys.quarantine(0)
    await quarantine.drop(kept.log, 0, [entry async for entry in quarantine.read(kept.log, stream)])
    report = await kept.audit()
    assert report.violations == []
    assert report.notes == ["partition 0: 2 entries were dropped from the quarantine and never projected"]


async def test_an_older_log_than_the_database_is_named(kept: Kept) -> None:
    async with kept.database.connection() as connection:
        await connection.execute("UPDATE checkpoints SET position = '999-0'")
    assert f"checkpoint: the database was projected up to 999-0, the log ends at {LAST}" in await kept.texts()


async def test_a_database_that_was_never_projected_into_cannot_be_compared(kept: Kept) -> None:
    async with kept.database.connection() as connection:
        await connection.execute("DELETE FROM checkpoints")
    with pytest.raises(NoCheckpoint):
        await kept.audit()


async def test_a_reader_that_the_trimming_overtakes_says_so_and_an_erased_entry_does_not_stop_it(
    kept: Kept,
) -> None:
    source = LogSource(kept.log, rate=None, page=5)
    pages = source.pages(0, Position(0, 0), LAST)
    await anext(pages)
    await anext(pages)
    await asyncio.sleep(0.05)  # the third page is read ahead
    await kept.log.xdel(keys.log(0), "11-0", "16-0")
    assert [one.position.ms for one in (await anext(pages)).records][:1] == [12]
    await asyncio.sleep(0.05)
    await kept.log.xtrim(keys.log(0), minid="24-0", approximate=False)
    with pytest.raises(Overtaken):
        async for _ in pages:
            pass


async def test_a_slow_reader_keeps_to_its_rate(kept: Kept) -> None:
    waited: list[float] = []
    source = LogSource(kept.log, rate=5, page=10)

    async def wait(count: int) -> None:
        waited.append(count / 5)

    source.pacer.wait = wait  # type: ignore[method-assign]
    async for _ in source.pages(0, Position(0, 0), LAST):
        pass
    assert waited == [2.2, 2.0, 2.0]


async def test_a_directory_that_has_more_or_less_is_named(kept: Kept) -> None:
    await kept.log.hset(keys.user(0, CARL), "c1", 1)
    await kept.log.delete(keys.user(0, BELA))
    found = (await kept.audit()).violations
    assert {(one.kind, one.user) for one in found} == {("directory", CARL), ("directory", BELA)}
