"""`rebuild` and `tail` of what the log no longer holds: from the archive, or said in numbers."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg_pool import AsyncConnectionPool

from ops.replay.opening import reachable, the_database, the_history
from schema.positions import Position
from schema.settings import Settings
from tests.databases import Databases
from tests.ops.replay.archived import ENTRIES, EVE, TRIMMED_UPTO, Archived, States
from tests.ops.replay.running import run
from tests.ops.replay.snapshots import Snapshot
from tests.servers import Servers
from workers.replay.rebuild import Rebuild, claim


@pytest.fixture
def target(servers: Servers, _databases: Databases) -> Iterator[str]:
    """One more database with the newest tables and no rows."""
    name = _databases.take()
    yield servers.database_url(name)
    _databases.give_back(name)


def rebuild(relay: Archived, target: str, *options: str, **env: str) -> Result:
    return run("replay", "rebuild", "--into", target, "--fast", *options, **{**relay.env, **env})


def count(url: str, query: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("compare", [True, False])
def test_an_archive_with_ciphertexts_rebuilds_everything(
    with_bodies: Archived, target: str, compare: bool
) -> None:
    assert with_bodies.begins() > TRIMMED_UPTO - 2
    done = rebuild(with_bodies, target, *([] if compare else ["--no-compare"]))
    assert (done.exit_code, done.stderr) == (0, ""), done.stdout + done.stderr
    said = "The same as the live database." if compare else "Rebuilt, and not compared."
    assert done.stdout.splitlines()[-1] == said
    owed = "SELECT count(*) FROM envelopes WHERE body <> ''"
    assert count(target, owed) == count(with_bodies.database_url, owed) > 3
    assert rebuild(with_bodies, target).exit_code == 0, "once more: nothing is left to do"


def test_a_database_that_is_not_there_is_named_by_its_option(whole: Archived, servers: Servers) -> None:
    done = rebuild(whole, servers.database_url("nowhere"))
    assert done.exit_code == 2
    assert 'database "nowhere" does not exist. See --into.' in done.stderr


def test_an_archive_of_digests_rebuilds_all_but_the_ciphertexts_that_are_owed_and_counts_them(
    trimmed: Archived, target: str
) -> None:
    done = rebuild(trimmed, target)
    assert done.exit_code == 1
    (line,) = [line for line in done.stdout.splitlines() if "owed envelopes" in line]
    assert line.startswith("6 owed envelopes of 4 devices have no row: ")
    live = count(trimmed.database_url, "SELECT count(*) FROM envelopes")
    assert count(target, "SELECT count(*) FROM envelopes WHERE body <> ''") == live - 6
    differing = [line for line in done.stdout.splitlines() if "(only live)" in line]
    assert len(differing) == 6
    assert all(line.startswith("envelopes: ") for line in differing), "the other tables are the same"
    done = rebuild(trimmed, target, "--no-compare")
    assert (done.exit_code, line in done.stdout) == (1, True), "it is said as often as it is asked"
    assert done.stdout.splitlines()[-1] == "Rebuilt in part, and not compared."


def test_a_log_that_was_trimmed_without_an_archive_is_refused_in_numbers(
    whole: Archived, target: str
) -> None:
    whole.trim(200, with_archive=False)
    for env in ({}, {"SEALSTREAM_ARCHIVE": "off"}):
        done = rebuild(whole, target, **env)
        assert done.exit_code == 2
        assert f"Partition 0: entries (at least 199 of {ENTRIES}) between 0-0 and " in done.stderr
        assert "Nothing was built." in done.stderr
        assert count(target, "SELECT count(*) FROM checkpoints") == 0
    done = rebuild(whole, target, "--partial")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (1, "It differs from the live database.")


def test_a_rebuild_stops_where_a_segment_is_missing_and_goes_on_when_it_is_back(
    with_bodies: Archived, target: str
) -> None:
    segment = with_bodies.segment(3)
    kept = segment.read_bytes()
    segment.unlink()
    done = rebuild(with_bodies, target)
    assert done.exit_code == 2
    assert f"(at least 59 of {ENTRIES}) between 120-0 and 180-1 are missing" in done.stderr
    assert "The rebuild stands at 120-0." in done.stderr
    assert "segment 3 is missing" in done.stderr
    segment.write_bytes(kept)
    done = rebuild(with_bodies, target)
    assert (done.exit_code, "Going on with a rebuild" in done.stdout) == (0, True), done.stdout


def test_a_rebuild_that_stopped_before_a_trim_without_an_archive_does_not_go_on_behind_it(
    whole: Archived, target: str
) -> None:
    settings = {"SEALSTREAM_ARCHIVE": "off"}
    with psycopg.connect(whole.database_url) as connection:
        connection.execute("UPDATE checkpoints SET position = '100-0' WHERE consumer_group = 'projector'")
    assert rebuild(whole, target, **settings).exit_code == 1  # up to the live checkpoint
    with psycopg.connect(whole.database_url) as connection:
        connection.execute(
            "UPDATE checkpoints SET position = %s WHERE consumer_group = 'projector'", (f"{ENTRIES}-0",)
        )
    whole.trim(200, with_archive=False)
    done = rebuild(whole, target, **settings)
    assert (done.exit_code, "The rebuild stands at 100-0." in done.stderr) == (2, True), done.stderr


def test_tail_from_an_old_position_begins_in_the_archive(trimmed: Archived) -> None:
    count = ENTRIES - 100
    done = run("replay", "tail", "--from", "100-0", "--json", "--lines", str(count), **trimmed.env)
    assert [json.loads(line)["position"] for line in done.stdout.splitlines()] == [
        f"{number}-0" for number in range(101, ENTRIES + 1)
    ]
    assert done.stderr == ""
    lines = run("replay", "tail", "--from", "0-0", "--user", str(EVE), "--lines", "3", **trimmed.env)
    assert lines.stdout.count("\n") == 3


def test_tail_says_what_is_in_neither_log_nor_archive(trimmed: Archived) -> None:
    settings = {**trimmed.env, "SEALSTREAM_ARCHIVE": "off"}
    left = ENTRIES - TRIMMED_UPTO + 1
    done = run("replay", "tail", "--from", "100-0", "--lines", str(left), **settings)
    assert done.stdout.count("\n") == left
    between = f"between 100-0 and {TRIMMED_UPTO - 1}-1"
    assert done.stderr == f"sealstream: partition 0: entries {between} are in neither log nor archive\n"
    trimmed.segment(3).unlink()
    done = run("replay", "tail", "--from", "100-0", "--lines", "30", **trimmed.env)
    assert done.stderr == "sealstream: partition 0: segment 3 is missing\n"


def test_tail_of_what_the_log_has_needs_no_archive(trimmed: Archived, tmp_path: Path) -> None:
    settings = {"SEALSTREAM_LOG_URL": trimmed.log_url, "SEALSTREAM_DATA": str(tmp_path / "none")}
    done = run("replay", "tail", "--from", f"{TRIMMED_UPTO}-0", "--lines", "20", **settings)
    assert (done.exit_code, done.stdout.count("\n"), done.stderr) == (0, 20, "")


@given(steps=st.lists(st.tuples(st.integers(1, ENTRIES), st.integers(2, TRIMMED_UPTO)), max_size=4))
@settings(max_examples=5, suppress_health_check=list(HealthCheck))
def test_a_rebuild_stopped_anywhere_goes_on_although_the_log_was_trimmed_meanwhile(
    states: States, with_bodies: Archived, target: str, steps: list[tuple[int, int]]
) -> None:
    """Each step: the rebuild goes on up to there and ends; then the log is trimmed up to here."""
    with_bodies.clear()
    with_bodies.put(states.whole)
    Snapshot.clear_tables(target)
    for upto, trimmed in steps:
        asyncio.run(rebuild_upto(with_bodies, target, Position(upto, 0)))
        with_bodies.trim(trimmed, keep_bodies=True)
    done = rebuild(with_bodies, target)
    assert (done.exit_code, done.stderr) == (0, ""), done.stdout


async def rebuild_upto(relay: Archived, target: str, upto: Position) -> None:
    async with (
        the_history(reachable(Settings.from_env(relay.env)), fast=True) as history,
        the_database(target) as connection,
        AsyncConnectionPool(target, open=False, min_size=1) as pool,
    ):
        await claim(connection)
        done = await Rebuild(history.source, pool, {}, lambda _: None).run(0, upto)
        assert done >= upto
