"""`sealstream doctor`: green on a relay that is well; each fault has a red line and a remedy."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from ops.doctor.checks import CHECKS
from schema import keys
from tests.ops.hand import Done, Hand
from tests.workers import stories

FIELDS = stories.fields(stories.accepted(uuid4(), 1, 1))


@contextmanager
def configured(client: Any, **settings: str) -> Iterator[None]:
    """The server with other settings, for as long as this lasts."""
    names = {name: name.replace("_", "-") for name in settings}
    before = {name: client.config_get(written)[written] for name, written in names.items()}
    try:
        for name, value in settings.items():
            client.config_set(names[name], value)
        yield
    finally:
        for name, value in before.items():
            client.config_set(names[name], value)


def reds(done: Done) -> dict[str, dict[str, str]]:
    assert done.status == 1
    return {row["name"]: row for row in done.json if row["is_well"] is False}


def test_a_relay_that_is_well_is_green(hand: Hand) -> None:
    done = hand("doctor")
    assert (done.status, done.err) == (0, "")
    *lines, last = done.out.splitlines()
    assert last == "All is well."
    green = [line.split("  ")[1] for line in lines if line.startswith("green  ")]
    assert green == [name for check in CHECKS for name in check.names]
    assert all(line.startswith(("green  ", " " * 7)) for line in lines), "what is long goes on below itself"
    rows = hand("doctor", "--json").json
    assert {row["is_well"] for row in rows} == {True}


@pytest.mark.parametrize(
    "setting",
    [{"appendfsync": "everysec"}, {"maxmemory_policy": "allkeys-lru"}, {"appendonly": "no"}],
    ids=lambda setting: "-".join(setting.values()),
)
def test_a_log_that_can_lose_messages_is_shouted_about(hand: Hand, log: Any, setting: dict[str, str]) -> None:
    ((name, value),) = setting.items()
    name = name.replace("_", "-")
    with configured(log, **setting):
        done = hand("doctor")
        found = reds(hand("doctor", "--json"))
    assert done.status == 1
    text = " ".join(done.out.split())
    assert f"RED durability MESSAGES CAN BE LOST: {name} is {value}" in text
    assert f"→ CONFIG SET {name} " in text
    assert done.out.splitlines()[-1] == "1 red."
    assert list(found) == ["durability"]


def test_what_is_not_read_missing_or_set_aside_is_red(hand: Hand, log: Any, board: Any) -> None:
    log.xadd(keys.log(0), FIELDS, id=f"{int(time.time() * 1000) - 150_000}-0")
    log.xgroup_destroy(keys.log(1), keys.PUSHER)
    log.xadd(keys.quarantine(0), {"group": "projector", "position": "1-0", "reason": "KeyError", **FIELDS})
    board.delete(keys.members(keys.RETENTION))
    found = reds(hand("doctor", "--json"))
    assert found.keys() == {"workers", "groups", "lag", "quarantine"}
    assert found["workers"]["found"] == "not running: retention"
    assert "`sealstream worker retention`" in found["workers"]["remedy"]
    assert found["groups"]["found"].startswith("missing: pusher;")
    assert found["lag"]["found"] == "pusher is 2 min behind: 1 unread, 0 pending"
    assert found["quarantine"]["found"] == "set aside by projector 1"
    assert "`sealstream quarantine show`" in found["quarantine"]["remedy"]


def test_other_tables_and_partitions_than_this_builds_are_red(
    hand: Hand, log: Any, database_url: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as database:
        for version, remedy in (("0001", "Run `sealstream migrate`."), ("9999", "Run the newer Sealstream")):
            database.execute("UPDATE alembic_version SET version_num = %s", (version,))
            assert reds(hand("doctor", "--json"))["tables"]["remedy"].startswith(remedy)
        database.execute("DELETE FROM alembic_version")
    found = reds(hand("doctor", "--json", SEALSTREAM_PARTITIONS="3"))
    assert found["tables"]["found"].startswith("none yet")
    assert found["partitions"]["remedy"].startswith("Set SEALSTREAM_PARTITIONS=2:")
    log.delete(keys.PARTITION_COUNT)
    found = reds(hand("doctor", "--json"))
    assert found["groups"]["found"] == "no relay has used this log yet"


IDS = [str(uuid4()) for _ in range(2)]


@pytest.mark.parametrize(
    ("of_log", "of_database", "found", "remedy"),
    [
        ((IDS[0], IDS[0]), IDS[0], "", ""),
        (
            (IDS[1], IDS[1]),
            IDS[0],
            f"The log ({IDS[1]}) is not the one",
            "run `sealstream replay adopt-log`.",
        ),
        (
            (IDS[0], None),
            IDS[0],
            f"The log ({IDS[0]}, no id) is not the one",
            "`sealstream replay adopt-log`.",
        ),
        ((None, None), IDS[0], "The log is empty", "run `sealstream replay restore-log-heads`."),
    ],
    ids=["the same", "another", "missing in a partition", "empty"],
)
def test_a_log_that_is_not_the_databases_is_red_and_names_the_command(
    hand: Hand, log: Any, database_url: str, of_log: tuple[str | None, ...], of_database: str, found: str,
    remedy: str,
) -> None:  # fmt: skip
    with psycopg.connect(database_url) as database:
        database.execute("INSERT INTO log_identity (log_id, settled) VALUES (%s, true)", (of_database,))
    for partition, log_id in enumerate(of_log):
        if log_id is not None:
            log.set(keys.log_id(partition), log_id)
    done = hand("doctor", "--json")
    (row,) = [row for row in done.json if row["name"] == "log id"]
    assert (row["is_well"], done.status) == ((True, 0) if not found else (False, 1))
    assert row["found"].startswith(found or f"{IDS[0]}, in log and database")
    assert row["remedy"].endswith(remedy)
    assert hand("doctor").status == done.status


def test_an_interrupted_repair_and_a_log_behind_the_database_are_red(
    hand: Hand, log: Any, database_url: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as database:
        database.execute("INSERT INTO log_identity (log_id, settled) VALUES (%s, true)", (IDS[0],))
        for partition in range(2):
            log.set(keys.log_id(partition), IDS[0])
        database.execute("INSERT INTO checkpoints VALUES ('projector', 0, '7-0')")
        log.xadd(keys.log(1), FIELDS, id="9-0")
        found = reds(hand("doctor", "--json"))
        assert found["log id"]["found"].startswith("The log is older than this database")
        assert "`sealstream replay adopt-log`" in found["log id"]["remedy"]
        log.set(keys.REPAIR, "adopt-log")
        found = reds(hand("doctor", "--json"))
        assert found["log id"]["found"] == "`sealstream replay adopt-log` was interrupted"
        assert found["log id"]["remedy"] == "Run it again before anything else starts."


def archived(database_url: str, *, number: int, last: str, trimmed: str = "0-0") -> None:
    with psycopg.connect(database_url) as database:
        values = (number, bytes(32), last, trimmed)
        database.execute("DELETE FROM archive_heads")
        database.execute(
            "INSERT INTO archive_heads (partition, number, digest, last, trimmed) VALUES (1, %s, %s, %s, %s)",
            values,
        )


def the_archive(done: Done) -> tuple[bool | None, str]:
    (row,) = [row for row in done.json if row["name"] == "archive"]
    assert bool(row["remedy"]) is not row["is_well"]
    return row["is_well"], row["found"]


def test_an_archive_that_is_gone_or_lacks_its_newest_segment_is_red(
    hand: Hand, database_url: str, tmp_path: Path
) -> None:
    place = tmp_path / "data" / "archive"
    assert the_archive(hand("doctor", "--json")) == (True, f"nothing in {place} yet")
    archived(database_url, number=3, last="5000-0")
    assert the_archive(hand("doctor", "--json")) == (False, f"there is no {place}; 3 segments were written")
    (place / "0001").mkdir(parents=True)
    found = (False, f"missing in {place}: 0001/000000000003.segment")
    assert the_archive(hand("doctor", "--json")) == found
    (place / "0001" / "000000000003.segment").write_bytes(b"x")
    assert the_archive(hand("doctor", "--json")) == (True, f"3 segments were written to {place}")
    archived(database_url, number=3, last="5000-0", trimmed="90000-0")
    found = (
        True,
        f"3 segments were written to {place}; the log was trimmed without it up to 1970-01-01 00:01 UTC",
    )
    assert the_archive(hand("doctor", "--json")) == found
    off = hand("doctor", "--json", SEALSTREAM_ARCHIVE="off")
    assert the_archive(off) == (True, "off: what is trimmed off the log is gone for audits")


def test_a_memory_that_fills_is_red_before_sends_are_refused(hand: Hand, log: Any, board: Any) -> None:
    used = log.info("memory")["used_memory"]
    with configured(log, maxmemory=str(int(used / 0.75))), configured(board, maxmemory="0"):
        found = hand("doctor", "--json").json
    memory = [row for row in found if row["name"] == "memory"]
    assert [row["is_well"] for row in memory] == [False, False]
    assert "sends are refused above 80%" in memory[0]["found"]
    assert memory[1]["remedy"].startswith("Set maxmemory on the board")


def test_servers_that_are_away_are_red_and_the_rest_is_examined(hand: Hand) -> None:
    done = hand(
        "doctor", "--json", SEALSTREAM_LOG_URL="redis://user:secret@127.0.0.1:1",
        SEALSTREAM_DATABASE_URL="postgresql://somebody:secret@127.0.0.1:1/none",
    )  # fmt: skip
    found = reds(done)
    assert found.keys() == {"log", "database"}
    assert found["log"]["found"] == "is away: Connection refused"
    assert "SEALSTREAM_DATABASE_URL" in found["database"]["remedy"]
    assert "secret" not in done.out
    by_name = {row["name"]: row for row in done.json}
    assert by_name["lag"] | {"remedy": ""} == {
        "name": "lag", "is_well": None, "found": "not checked: the log is away", "remedy": "",
    }  # fmt: skip
    assert by_name["workers"]["is_well"] is True


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"SEALSTREAM_PORT": "many"}, "SEALSTREAM_PORT must be a whole number"),
        ({"SEALSTREAM_BOARD_URL": ""}, "No Sealstream runs in "),
    ],
)
def test_what_cannot_run_exits_with_2_and_one_sentence(
    hand: Hand, settings: dict[str, str], words: str
) -> None:
    done = hand("doctor", **settings)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"sealstream: {words}")
    assert done.err.count("\n") == 1


def the_files(done: Done) -> tuple[bool | None, str]:
    (row,) = [row for row in done.json if row["name"] == "files"]
    return row["is_well"], row["found"]


def test_a_files_storage_that_is_gone_or_refuses_is_red(
    hand: Hand, database_url: str, tmp_path: Path
) -> None:
    place = tmp_path / "data" / "blobs"
    assert the_files(hand("doctor", "--json")) == (True, f"nothing in {place} yet")
    with psycopg.connect(database_url) as database:
        database.execute(
            "INSERT INTO blobs (blob, user_id, device_id, size, created_at, expires_at)"
            " VALUES ('b', %s, 1, 2048, 0, 9999999999999)",
            (uuid4(),),
        )
    assert the_files(hand("doctor", "--json")) == (False, f"there is no {place}; 1 file is in the database")
    place.mkdir(parents=True)
    assert the_files(hand("doctor", "--json")) == (True, f"1 file, 2 KiB, in {place}")
    assert list(place.iterdir()) == [], "the probe is gone"
    place.joinpath("probe").write_text("no folder")
    assert the_files(hand("doctor", "--json"))[0] is False
    place.joinpath("probe").unlink()
    with psycopg.connect(database_url) as database:
        database.execute("UPDATE blobs SET expires_at = 0")
    found = the_files(hand("doctor", "--json"))
    assert found == (False, "1 file is more than a day over time")
    off = hand("doctor", "--json", SEALSTREAM_BLOBS="off")
    assert the_files(off) == (False, "off, and 1 file is in the database: nobody erases them")
    with psycopg.connect(database_url) as database:
        database.execute("DELETE FROM blobs")
    off = hand("doctor", "--json", SEALSTREAM_BLOBS="off")
    assert the_files(off) == (True, "off: the relay takes no files")
