"""`trace`, `tail`, `export` and `stats`: what they print of a log that is known to the entry."""

import builtins
import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import psycopg
import pytest
from redis import Redis

from schema import keys
from tests.ops.replay.running import SENDER_STORY, USER, run
from tests.workers import stories

FIRST, LAST = (str(uuid5(USER, f"1.{seq}")) for seq in (1, 3))


def test_trace_shows_when_an_envelope_was_accepted_and_delivered(relay: dict[str, str]) -> None:
    with Redis.from_url(relay["SEALSTREAM_LOG_URL"]) as log:
        log.xgroup_setid(keys.log(0), keys.PUSHER, "5000-0")
    with psycopg.connect(relay["SEALSTREAM_DATABASE_URL"]) as connection:
        connection.execute("UPDATE checkpoints SET position = '3000-0'")
    done = run("replay", "trace", FIRST, **relay)
    assert done.exit_code == 0
    cells = [
        [cell.strip() for cell in row.strip("│\n").split("│")]
        for row in done.stdout.splitlines()
        if "│" in row
    ]
    assert [(row[0], row[1], row[2]) for row in cells] == [
        ("accepted", "1970-01-01 00:00:03.000", ""),
        ("projected", "yes", ""),
        ("pushed", "yes", ""),
        ("delivered", "1970-01-01 00:00:06.000", "3.000 s"),
    ]
    (owed,) = json.loads(
        run("replay", "trace", LAST, "--json", "--user", str(USER), "--fast", **relay).stdout
    )
    assert (owed["seq"], owed["end"], owed["projected"], owed["pushed"], owed["row"]) == (
        3,
        None,
        False,
        True,
        False,
    )
    assert owed["digest"] == sha256(b"sealed").hexdigest()


def test_trace_of_what_is_not_in_the_log_ends_with_status_1(relay: dict[str, str]) -> None:
    done = run("replay", "trace", str(uuid4()), **relay)
    assert (done.exit_code, "has no envelope" in done.stdout) == (1, True)
    assert run("replay", "trace", "anna", **relay).exit_code == 2


def test_trace_names_what_is_missing_where_it_matters(relay: dict[str, str]) -> None:
    """Of the envelope's own partition; of every one where it was not found."""
    with Redis.from_url(relay["SEALSTREAM_LOG_URL"]) as log:
        log.set(keys.PARTITION_COUNT, 2)
        log.xadd(keys.log(1), stories.fields(stories.identity(uuid4())), id="9000-0")  # type: ignore[arg-type]
        log.hset(keys.log_gaps(1), "5000-0", "")
    assert run("replay", "trace", FIRST, **relay).stderr == ""
    assert "partition 1: the log was lost" in run("replay", "trace", str(uuid4()), **relay).stderr


@pytest.mark.parametrize(
    ("said", "end"),
    [
        (stories.expired(USER, 1, 3, 1), "expired"),
        (stories.closed(USER, 1), "device closed"),
        (stories.identity(USER, 2, "replaced", identity_key=stories.key(2)), "identity replaced"),
        (stories.deleted(USER), "account deleted"),
        (stories.acknowledged(USER, 2, 9), None),
    ],
    ids=str,
)
def test_trace_tells_how_an_envelope_ended(relay: dict[str, str], said: Any, end: str | None) -> None:
    with Redis.from_url(relay["SEALSTREAM_LOG_URL"]) as log:
        log.xadd(keys.log(0), stories.fields(said))  # type: ignore[arg-type]
    (life,) = json.loads(run("replay", "trace", LAST, "--json", **relay).stdout)
    assert life["end"] == end


def test_tail_shows_entries_in_one_line_each_and_lets_through_what_is_asked_for(
    relay: dict[str, str],
) -> None:
    done = run("replay", "tail", "--from", "0-0", "--lines", "6", **relay)
    assert len(done.stdout.splitlines()) == 6
    assert done.stdout.splitlines()[2] == (
        f"1970-01-01 00:00:03.000 0:3000-0 envelope.accepted {USER}.1 number 1 "
        f"{FIRST} from {stories.SENDER}.1, message, 6 bytes"
    )
    arguments = ("--kind", "envelopes.acknowledged", "--json", "--lines", "1", "--user", str(USER))
    (row,) = run("replay", "tail", "--from", "0-0", *arguments, **relay).stdout.splitlines()
    assert (json.loads(row)["event"], json.loads(row)["seq"]) == ("envelopes.acknowledged", 2)
    sent = run("replay", "tail", "--from", "0-0", "--user", str(stories.SENDER), "--lines", "3", **relay)
    assert sent.stdout.count("envelope.accepted") == 3, "what the user sent is shown, too"


def test_export_writes_every_entry_without_ciphertext(relay: dict[str, str], tmp_path: Path) -> None:
    lines = [json.loads(line) for line in run("replay", "export", **relay).stdout.splitlines()]
    assert [line["position"] for line in lines] == [f"{number}000-0" for number in range(1, 7)]
    assert (lines[2]["size"], lines[2]["digest"]) == (6, sha256(b"sealed").hexdigest())
    assert "body" not in lines[2]
    out = tmp_path / "log.jsonl"
    arguments = ("--from", "2500", "--to", "4000-0", "--kind", "envelope.accepted", "--out", str(out))
    assert run("replay", "export", *arguments, **relay).stdout == f"2 entries in {out}.\n"
    assert [json.loads(line)["seq"] for line in out.read_text().splitlines()] == [1, 2]


def test_export_to_parquet_has_the_same_rows_with_types(relay: dict[str, str], tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    out = tmp_path / "log.parquet"
    assert run("replay", "export", "--out", str(out), **relay).exit_code == 0
    table = pq.read_table(out)
    lines = [json.loads(line) for line in run("replay", "export", **relay).stdout.splitlines()]
    assert table.to_pylist() == lines
    assert {str(table.schema.field(name).type) for name in ("seq", "at", "partition")} == {"int64"}
    assert list(tmp_path.iterdir()) == [out], "nothing half written is left"


def test_export_to_parquet_without_its_library_is_told_in_one_line(
    relay: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports = builtins.__import__

    def missing(name: str, *others: Any, **more: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return imports(name, *others, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    done = run("replay", "export", "--out", str(tmp_path / "x.parquet"), **relay)
    assert (done.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert done.stderr == "sealstream: Parquet needs pyarrow: pip install 'sealstream[parquet]'.\n"


@pytest.mark.parametrize("arguments", [("export", "--out"), ("stats", "--html")], ids=str)
def test_a_file_that_cannot_be_written_is_named_before_anything_is_read(
    relay: dict[str, str], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    out = tmp_path / "nowhere" / "file"
    away = {**relay, "SEALSTREAM_LOG_URL": "redis://127.0.0.1:1"}
    done = run("replay", *arguments, str(out), **away)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"sealstream: {out} cannot be written: No such file or directory.\n"


def test_a_full_disk_is_not_taken_for_a_log_that_is_away(relay: dict[str, str], tmp_path: Path) -> None:
    for name in ("out.jsonl.part", "page.part"):
        (tmp_path / name).symlink_to("/dev/full")
    for arguments in (("export", "--out", f"{tmp_path}/out.jsonl"), ("stats", "--html", f"{tmp_path}/page")):
        done = run("replay", *arguments, **relay)
        assert done.exit_code == 2
        assert "cannot be written: No space left on device." in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_export_whose_reader_left_ends_quietly(relay: dict[str, str]) -> None:
    command = [sys.executable, "-m", "ops.cli", "replay", "export"]
    with subprocess.Popen(
        command, env={**os.environ, **relay}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_stretch_without_entries_has_no_numbers(relay: dict[str, str], tmp_path: Path) -> None:
    done = run("replay", "stats", "--from", "2027-01-01", "--html", str(tmp_path / "page"), **relay)
    assert (done.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert "the last entry is from before that." in done.stderr
    for command in ("stats", "export"):
        done = run("replay", command, "--from", "9-0", "--to", "3-0", **relay)
        assert (done.exit_code, done.stderr) == (2, "sealstream: --to lies before --from.\n")


def test_stats_add_up_and_the_page_needs_nothing_from_elsewhere(
    relay: dict[str, str], tmp_path: Path
) -> None:
    sums = json.loads(run("replay", "stats", "--json", **relay).stdout)
    assert (sum(sums["accepted"]), sums["delivered"], sum(sums["owed"].values())) == (3, 2, 1)
    assert sums["owed"]["under a minute"] == 1
    assert [round(delay / 1000) for delay in sums["delay"]] == [2, 3, 3]
    assert sum(sums["refusals"]["messages"]) == 2
    out = tmp_path / "stats.html"
    done = run("replay", "stats", "--html", str(out), **relay)
    assert "delivered" in done.stdout
    text = out.read_text("utf-8")
    assert (text.count('<svg class="wide"'), text.count('<svg class="narrow"')) == (4, 4)
    for foreign in ("http:", "https:", "<script", "<link", "@import", "url("):
        assert foreign not in text
    assert UUID(str(USER)).hex not in text.replace("-", "")
    assert str(USER) not in text
    assert len(SENDER_STORY) == sums["entries"]
