"""KEM prekeys in the audit: one that was altered, taken twice or is missing is named in words."""

from collections.abc import Callable

from ops.replay.tailing import in_line
from tests.workers import stories
from tests.workers.replay.histories import compared, folded, oracle_rows, records
from tests.workers.replay.test_tampering import ANNA, ROWS, TRUE, found
from tests.workers.stories import identity
from workers.replay.flat import flat
from workers.replay.rows import Row


def test_what_is_wrong_with_a_kem_prekeys_row_is_said() -> None:
    def texts(change: Callable[[list[tuple[str, Row]]], list[tuple[str, Row]]]) -> list[str]:
        return [violation.text for violation in found(TRUE, change(list(ROWS)))]

    waiting = next(place for place, (table, _) in enumerate(ROWS) if table == "kem_prekeys")
    row, number = ROWS[waiting][1], ROWS[waiting][1][2]
    forged = ("kem_prekeys", (*row[:4], bytes(64)))
    assert texts(lambda rows: [*rows[:waiting], forged, *rows[waiting + 1 :]]) == [
        f"kem_prekeys: one-time KEM prekey {number} has another key in the log"
    ]
    assert texts(lambda rows: [*rows, ("kem_prekeys", (*row[:2], 1, *row[3:]))]) == [
        "kem_prekeys: one-time KEM prekey 1 is offered although it was taken"
    ]
    assert texts(lambda rows: rows[:waiting] + rows[waiting + 1 :]) == [
        f"one-time KEM prekey {number} was taken in PostgreSQL, and the log does not say so"
    ]
    device = next(place for place, (table, row) in enumerate(ROWS) if table == "devices" and row[6] == 20)
    table, true = ROWS[device]
    swapped = (table, (*true[:7], true[7][:-1] + b"?", *true[8:]))
    assert texts(lambda rows: [*rows[:device], swapped, *rows[device + 1 :]]) == [
        "devices: another last-resort KEM prekey than in the log"
    ]


def test_a_last_resort_from_before_the_logs_beginning_is_not_judged() -> None:
    entries = records([identity(ANNA, kem=20), identity(ANNA, 1, "added", at=1001)])
    rows = oracle_rows(entries)
    assert compared(folded(entries[1:], complete=False), rows) == []
    assert compared(folded(entries), rows) == []


def test_an_export_has_ids_and_counts_of_kem_prekeys_and_no_key() -> None:
    story = [
        identity(ANNA, kem=20), stories.kem_uploaded(ANNA, 1, 1, 2), stories.kem_taken(ANNA, 1, 2),
        stories.signed(ANNA, 1, 7, kem=21), stories.signed(ANNA, 1, 8),
    ]  # fmt: skip
    rows = [flat(record) for record in records(story)]
    assert [(row.kem_prekey, row.kem_prekeys) for row in rows] == [
        (20, None), (None, 2), (2, None), (21, None), (None, None),
    ]  # fmt: skip
    assert [in_line(row).rpartition(" kem_")[2] for row in rows[1:3]] == ["prekeys 2", "prekey 2"]
