"""What the bench audits is genuine: the audit finds nothing wrong with it, and everything that is changed in
it."""

from pathlib import Path
from random import Random
from uuid import uuid4

import msgspec
import psycopg
import pytest
from redis import Redis

from ops.replay.bench.filling import Size
from ops.replay.bench.histories import EXPIRES, Person
from ops.replay.bench.whole import fill_all
from schema import keys
from schema.events import EnvelopesExpired, PrekeyTaken
from schema.positions import Position
from schema.settings import Settings
from tests.ops.replay.running import run
from workers.replay.fold import Fold
from workers.replay.records import Page, Record


@pytest.mark.parametrize("absent", [False, True])
def test_a_persons_history_breaks_no_rule_of_the_fold(absent: bool) -> None:
    person, fold = Person(uuid4(), Random(1), absent=absent, body=8), Fold(0, complete=True)
    said = [person.next(at) for at in range(1, 3000)]
    records = [Record(0, Position(at, 0), seq, event, None, 1) for at, (seq, event) in enumerate(said, 1)]
    fold.take(Page(0, records, [], records[-1].position))
    assert list(fold.violations) == []
    assert any(isinstance(event, EnvelopesExpired) for _, event in said) == absent
    assert any(isinstance(event, PrekeyTaken) for _, event in said)
    assert fold.owed() == len(person.owed) <= EXPIRES
    assert fold.totals.accepted == person.head


def test_the_audit_of_a_filled_relay_is_clean_and_names_a_change(
    log_url: str, database_url: str, tmp_path: Path
) -> None:
    place = {
        "SEALSTREAM_LOG_URL": log_url, "SEALSTREAM_DATABASE_URL": database_url,
        "SEALSTREAM_DATA": str(tmp_path), "SEALSTREAM_PARTITIONS": "2",
    }  # fmt: skip
    filled = fill_all(Settings.from_env(place), Size(3000, 100, 16, 50, partitions=2), 1)
    audit = run("replay", "audit", "--json", **place)
    found = msgspec.json.decode(audit.stdout)
    assert (audit.exit_code, found["violations"]) == (0, [])
    assert sum(row["entries"] for row in found["partitions"]) == sum(one.entries for one in filled.values())
    assert all(row["owed"] and row["delivered"] and row["prekeys_taken"] == 0 for row in found["partitions"])
    with Redis.from_url(log_url) as log:
        assert log.config_get("appendfsync") == {"appendfsync": "always"}
        assert log.xlen(keys.log(0)) < filled[0].entries / 2 + 100, "the rest is in the archive alone"
    with psycopg.connect(database_url) as database:
        database.execute(
            "UPDATE mailboxes SET cursor = cursor - 1 WHERE cursor = (SELECT max(cursor) FROM mailboxes)"
        )
    assert run("replay", "audit", **place).exit_code == 1
