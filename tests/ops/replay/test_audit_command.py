"""`sealstream replay audit`: what the operator sees, and the exit status that a script goes by."""

import json
from io import StringIO
from uuid import UUID

import msgspec
import psycopg
import pytest
from redis import Redis
from rich.console import Console

from ops.replay.auditing import show
from schema import keys
from schema.positions import Position
from tests.ops.replay.running import USER, run
from workers.replay.report import PartitionReport, Report

AWAY = "postgresql://somebody:secret@127.0.0.1:1/none"


def test_a_clean_audit_shows_a_table_and_a_verdict(relay: dict[str, str]) -> None:
    done = run("replay", "audit", **relay)
    assert (done.exit_code, done.stderr) == (0, ""), done.stderr
    assert "accepted = delivered + owed + expired + dropped" in done.stdout
    row = next(line for line in done.stdout.splitlines() if "clean" in line)
    assert [cell.strip() for cell in row.strip("│ \n").split("│")] == [
        "0", "at its start", "0-0", "6000-0", "6", "3", "2", "1", "0", "0", "clean",
    ]  # fmt: skip
    assert done.stdout.splitlines()[-1].startswith("Clean: 6 entries and 0 rows in ")


def test_violations_are_named_and_end_with_status_1(relay: dict[str, str]) -> None:
    with psycopg.connect(relay["SEALSTREAM_DATABASE_URL"]) as connection:
        connection.execute("INSERT INTO mailboxes VALUES (%s, 1, 5, 0, 0)", (USER,))
    done = run("replay", "audit", "--fast", **relay)
    assert done.exit_code == 1
    assert f"row: partition 0, user {USER}, device 1: mailboxes: the log does not have it" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 violation in 6 entries")
    report = json.loads(run("replay", "audit", "--json", "--user", str(USER), **relay).stdout)
    assert (report["clean"], report["found"]) == (False, 1)
    assert report["violations"][0]["kind"] == "row"
    assert report["partitions"][0]["directory"] == "6000-0"


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        (("--partition", "4"), {}, "There is no partition 4: the log has 1, from 0."),
        (("--from", "9-0", "--to", "3-0"), {}, "--to lies before --from."),
        (("--from", "6000-0"), {}, "--from 6000-0: the last entry is from before that."),
        (("--to", "999"), {}, "--to 999-0: the first entry that log or archive has is from after that."),
        (("--user", str(UUID(int=7))), {}, f"Neither log nor database has anything of user {UUID(int=7)}."),
        ((), {"SEALSTREAM_DATABASE_URL": AWAY}, "The database is away: "),
        ((), {"SEALSTREAM_LOG_URL": "redis://127.0.0.1:1"}, "The log is away: "),
        (
            (),
            {"SEALSTREAM_DATABASE_URL": "", "SEALSTREAM_DATA": "/nowhere"},
            "No Sealstream runs in /nowhere",
        ),
        (("--from", "yesterday"), {}, "is neither a position such as"),
        (("--user", "anna"), {}, "'anna' is not a user id."),
    ],
    ids=str,
)
def test_what_keeps_it_from_running_is_one_sentence_and_status_2(
    relay: dict[str, str], arguments: tuple[str, ...], settings: dict[str, str], words: str
) -> None:
    done = run("replay", "audit", *arguments, **{**relay, **settings})
    assert done.exit_code == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


def test_a_database_without_a_checkpoint_and_a_log_never_used_are_told(relay: dict[str, str]) -> None:
    with psycopg.connect(relay["SEALSTREAM_DATABASE_URL"]) as connection:
        connection.execute("DELETE FROM checkpoints")
    done = run("replay", "audit", **relay)
    assert (done.exit_code, "no checkpoint of partition 0" in done.stderr) == (2, True)
    with Redis.from_url(relay["SEALSTREAM_LOG_URL"]) as log:
        log.flushall()
    done = run("replay", "audit", **relay)
    assert (done.exit_code, "never begun" in done.stderr) == (2, True)


def test_partitions_are_audited_in_shares_and_a_share_that_fails_is_told_once(
    relay: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Redis.from_url(relay["SEALSTREAM_LOG_URL"]) as log:
        log.set(keys.PARTITION_COUNT, 2)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    whole = json.loads(run("replay", "audit", "--json", **relay).stdout)
    shared = json.loads(run("replay", "audit", "--json", "--fast", **relay).stdout)
    assert [row["partition"] for row in shared["partitions"]] == [0, 1]
    assert shared["partitions"] == whole["partitions"]
    assert shared["violations"] == whole["violations"]
    done = run("replay", "audit", "--fast", **{**relay, "SEALSTREAM_DATABASE_URL": AWAY})
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)


def test_every_number_fits_a_terminal_of_80_columns() -> None:
    at, most = Position(1795987358802, 150), 99_999_999
    row = PartitionReport(
        partition=1023, begins=at, complete=False, tables=at, directory=at, entries=most, bytes=most,
        accepted=most, delivered=most, owed=10_000, expired=10_000, dropped=10_000, prekeys_taken=0,
        violations=0,
    )  # fmt: skip
    behind_a_gap = msgspec.structs.replace(row, begins=None)
    report = Report(partitions=[row, behind_a_gap], violations=[], found=0, rows=0, older_rows=3, seconds=1)
    printed = StringIO()
    show(report, Console(width=80, file=printed))
    lines = printed.getvalue().splitlines()
    assert max(map(len, lines[:-1])) <= 80
    numbers = "1023 99,999,999 99,999,999 99,999,999 10,000 10,000 10,000 clean"
    assert numbers.split() in [line.split() for line in lines]
    assert f"1023 {at} {at} {at}".split() in [line.split() for line in lines]
    assert f"1023 nothing yet {at} {at}".split() in [line.split() for line in lines]
    assert (
        lines[-1] == "Clean: 199,999,998 entries and 0 rows in 1.0 s; 3 rows are from before these entries."
    )
