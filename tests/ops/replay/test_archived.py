"""`audit`, `trace`, `export` and `stats` read archive and log as one, and name a segment that is wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid5

import pytest

from tests.ops.replay.archived import ENTRIES, EVE, TRAFFIC, TRIMMED_UPTO, Archived
from tests.ops.replay.running import run


def audit(relay: Archived, *arguments: str, status: int = 0, **settings: str) -> dict[str, Any]:
    done = run("replay", "audit", "--json", "--fast", *arguments, **{**relay.env, **settings})
    assert done.exit_code == status, done.output
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize("under_pressure", [True, False], ids=["under pressure", "by age"])
def test_after_trimming_every_command_says_what_it_said_before(whole: Archived, under_pressure: bool) -> None:
    (before,) = audit(whole)["partitions"]
    exported, sums = run("replay", "export", **whole.env), run("replay", "stats", "--json", **whole.env)
    whole.trim(TRIMMED_UPTO, under_pressure=under_pressure)
    assert whole.begins() > 200
    report = audit(whole)
    assert (report["found"], report["older_rows"], report["notes"]) == (0, 0, [])
    (row,) = report["partitions"]
    assert row == before
    assert row["accepted"] == row["delivered"] + row["owed"] + row["expired"] + row["dropped"]
    assert (row["entries"], row["complete"], row["begins"]) == (ENTRIES, True, "1-0")
    done = run("replay", "export", **whole.env)
    assert [json.loads(line)["position"] for line in done.stdout.splitlines()] == [
        f"{number}-0" for number in range(1, ENTRIES + 1)
    ]
    assert (done.exit_code, _plain(done.stdout)) == (0, _plain(exported.stdout))
    assert json.loads(run("replay", "stats", "--json", **whole.env).stdout) == json.loads(sums.stdout)
    (life,) = json.loads(run("replay", "trace", str(uuid5(EVE, "1.7")), "--json", **whole.env).stdout)
    assert (life["accepted"], life["end"], life["ended"]) == ("9-0", "delivered", "13-0")


def _plain(lines: str) -> list[dict[str, Any]]:
    """Rows without the size of the ciphertext, which the archive does not know."""
    return [{**json.loads(line), "size": None} for line in lines.splitlines()]


def test_the_shares_of_a_fast_audit_read_the_archive_too(
    trimmed: Archived, monkeypatch: pytest.MonkeyPatch
) -> None:
    trimmed.do(lambda log, _: log.set("sealstream:partitions", 2))
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    report = audit(trimmed, status=1)  # of two partitions, half of the users are in the wrong one
    assert [row["entries"] for row in report["partitions"]] == [ENTRIES, 0]
    assert not [one for one in report["violations"] if one["segment"] is not None]


def test_the_audit_of_a_stretch_reads_it_wherever_it_is(trimmed: Archived) -> None:
    assert audit(trimmed, "--to", "50")["partitions"][0]["entries"] == 50
    assert audit(trimmed, "--from", "100-0")["partitions"][0]["entries"] == ENTRIES - 100
    assert audit(trimmed, "--user", str(EVE))["partitions"][0]["accepted"] == TRAFFIC


def _changed(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)


def _exchange(relay: Archived) -> None:
    one, other = relay.segment(2).read_bytes(), relay.segment(3).read_bytes()
    relay.segment(2).write_bytes(other)
    relay.segment(3).write_bytes(one)


def _signature(relay: Archived) -> None:
    header = int.from_bytes(relay.segment(2).read_bytes()[8:12], "big")
    _changed(relay.segment(2), 12 + header + 5)


TAMPERED: dict[str, tuple[Callable[[Archived], object], list[tuple[str, int]], str]] = {
    "missing": (lambda relay: relay.segment(2).unlink(), [("segment missing", 2)], "segment 2 is missing"),
    "the first is missing": (
        lambda relay: relay.segment(1).unlink(), [("segment missing", 1)], "segment 1 is missing",
    ),
    "the last is missing": (
        lambda relay: relay.segment(7).unlink(), [("segment missing", 7)], "segment 7 is missing",
    ),
    "entries changed": (
        lambda relay: _changed(relay.segment(2), -1), [("segment changed", 2)],
        "segment 2: the entries are not those that the header names",
    ),
    "the last was changed": (
        lambda relay: _changed(relay.segment(7), -1), [("segment changed", 7)],
        "segment 7: the entries are not those that the header names",
    ),
    "header changed": (lambda relay: _changed(relay.segment(2), 40), [("segment changed", 2)], "segment 2: "),
    "bad signature": (
        _signature, [("segment changed", 2)], "segment 2: the signature does not match the header",
    ),
    "cut short": (
        lambda relay: relay.segment(2).write_bytes(b""), [("segment changed", 2)],
        "segment 2: it does not begin as a segment",
    ),
    "reordered": (
        _exchange, [("segment reordered", 2), ("segment reordered", 3)],
        "in the place of segment 2 is segment 3 of partition 0",
    ),
    "doubled": (
        lambda relay: relay.segment(2).write_bytes(relay.segment(1).read_bytes()),
        [("segment reordered", 2)], "in the place of segment 2 is segment 1 of partition 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
def test_a_segment_that_was_tampered_with_is_named_and_nothing_else_is(trimmed: Archived, how: str) -> None:
    tamper, expected, words = TAMPERED[how]
    tamper(trimmed)
    report = audit(trimmed, status=1)
    found = [(one["kind"], one["segment"], one["partition"]) for one in report["violations"]]
    assert found == [(kind, number, 0) for kind, number in expected], report["violations"]
    assert words in report["violations"][0]["text"]
    assert report["partitions"][0]["violations"] == report["found"] == len(expected)
    done = run("replay", "export", "--fast", **trimmed.env)
    assert (done.exit_code, f"sealstream: partition 0: {words}" in done.stderr) == (1, True)


@pytest.mark.parametrize("how", ["missing", "the first is missing"])
def test_every_command_names_a_segment_that_was_tampered_with(trimmed: Archived, how: str) -> None:
    tamper, _, words = TAMPERED[how]
    tamper(trimmed)
    shown = run("replay", "audit", "--fast", **trimmed.env)
    assert (shown.exit_code, words in shown.stdout) == (1, True)
    for command in (("stats",), ("trace", str(uuid5(EVE, "1.7")))):
        done = run("replay", *command, "--fast", **trimmed.env)
        assert f"sealstream: partition 0: {words}" in done.stderr
        assert done.exit_code == (0 if command[0] == "trace" and how == "missing" else 1)


def test_a_chain_that_does_not_continue_is_named(trimmed: Archived, tmp_path: Path) -> None:
    """The relay signed both segments, but the second one belongs to another chain."""
    kept = trimmed.segment(3).read_bytes()
    trimmed.place = tmp_path / "other"
    trimmed.do(lambda _, database: _forget(database))
    trimmed.trim(ENTRIES - 10)
    other = trimmed.segment(1).read_bytes()
    trimmed.place = tmp_path / "archive"
    assert kept != other
    trimmed.segment(1).write_bytes(other)
    report = audit(trimmed, status=1)
    assert [(one["kind"], one["segment"]) for one in report["violations"]][:1] == [("segment changed", 2)]
    assert report["violations"][0]["text"] == "segment 2 does not name the one before it"


async def _forget(database: Any) -> None:
    async with database.connection() as connection:
        await connection.execute("DELETE FROM archive_heads")


def test_a_time_without_an_archive_is_a_note_and_the_numbers_begin_behind_it(whole: Archived) -> None:
    whole.trim(130)
    whole.trim(200, with_archive=False)
    report = audit(whole)
    assert report["notes"] == ["partition 0: the log was trimmed without an archive between 130-0 and 200-0"]
    (row,) = report["partitions"]
    assert (row["begins"], row["complete"]) == ("200-0", False)
    assert row["accepted"] == row["delivered"] + row["owed"] + row["expired"] + row["dropped"]
    whole.trim(TRIMMED_UPTO)
    assert audit(whole)["partitions"][0]["begins"] == "200-0"
    done = run("replay", "audit", **whole.env)
    assert "note: partition 0: the log was trimmed without an archive" in done.stdout
    exported = run("replay", "export", **whole.env)
    assert (exported.exit_code, len(exported.stdout.splitlines())) == (0, ENTRIES - 69)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"SEALSTREAM_ARCHIVE": "/nowhere/archive"},
            "there is no /nowhere/archive, and by the database 7 segm",
        ),
        ({"SEALSTREAM_SECRET_FILE": "other"}, "opens none of the relay's keys"),
        ({"SEALSTREAM_DATABASE_URL": "", "SEALSTREAM_DATA": "/nowhere"}, "SEALSTREAM_ARCHIVE=off reads"),
        (
            {
                "SEALSTREAM_ARCHIVE": "s3://somewhere/x",
                "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
                "AWS_ALLOW_HTTP": "true",
                "AWS_ACCESS_KEY_ID": "one",
                "AWS_SECRET_ACCESS_KEY": "secret",
            },
            "The archive is away (no connection). See SEALSTREAM_ARCHIVE",
        ),
    ],
    ids=str,
)
def test_an_archive_that_cannot_be_read_is_one_sentence_and_status_2(
    trimmed: Archived, tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    if "SEALSTREAM_SECRET_FILE" in settings:
        settings["SEALSTREAM_SECRET_FILE"] = str(tmp_path / "other.key")
        (tmp_path / "other.key").write_bytes(b"//////////////////////////////////////////8=\n")
    done = run("replay", "export", **{**trimmed.env, **settings})
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert not Path("/nowhere").exists()


def test_without_an_archive_the_log_alone_is_read(trimmed: Archived) -> None:
    settings = {**trimmed.env, "SEALSTREAM_ARCHIVE": "off", "SEALSTREAM_DATABASE_URL": ""}
    done = run("replay", "export", **settings)
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 21)
    assert audit(trimmed, SEALSTREAM_ARCHIVE="off")["partitions"][0]["begins"] == f"{TRIMMED_UPTO}-0"
