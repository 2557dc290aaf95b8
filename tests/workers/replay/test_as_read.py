"""The log against the digests of what was projected, on random histories, and by hand. The oracle holds both
as dictionaries."""

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema import codec
from schema.positions import START, Position
from tests.workers import stories
from tests.workers.stories import Said, users
from workers.projector.digests import Row, of_entry
from workers.replay.as_read import AsRead
from workers.replay.log_source import page_of
from workers.replay.records import Page, Record
from workers.replay.violations import Violation

WHO = users(2)
Log = dict[Position, dict[bytes, bytes]]


def logged(story: list[Said]) -> Log:
    """At 1-0, 2-0, …"""
    return {Position(ms, 0): stories.fields(said) for ms, said in enumerate(story, 1)}


def rows_of(log: Log, cuts: list[int], aside: set[Position]) -> list[Row]:
    """As a projector writes them that ends batches at `cuts`."""
    bounds, rows = sorted({*cuts, len(log)}), []
    for begin, end in itertools.pairwise([0, *bounds]):
        read = [position for position in log if begin < position.ms <= end and position not in aside]
        digests = b"".join(of_entry(position, log[position]) for position in read)
        rows.append(Row(Position(begin, 0), Position(end, 0), digests))
    return rows


def begun(log: Log, rows: list[Row], aside: set[Position]) -> dict[Position, Row]:
    """Each row as it was when it had one digest."""
    found = {}
    for row in rows:
        read = [position for position in log if row.after < position <= row.upto and position not in aside]
        if len(read) > 1:
            found[row.after] = row._replace(upto=read[0], digests=of_entry(read[0], log[read[0]]))
    return found


def compared(
    log: Log,
    rows: list[Row],
    aside: set[Position],
    upto: Position,
    page: int = 5,
    early: dict[Position, Row] | None = None,
) -> AsRead:
    """Reads the log in pages, and the rows just in time, first as `early` has them."""
    as_read = AsRead(0, START, aside, whole=True)
    every = records_of(log)
    for begin in range(0, len(every), page):
        records = every[begin : begin + page]
        end = records[-1].position
        while as_read.covered < end and (more := [row for row in rows if row.upto > as_read.covered]):
            first = more[0]
            if early and first.after in early and first.after != as_read.row:
                as_read.add([early[first.after]])
            as_read.add([first])
        as_read.take(Page(0, records, [], end), START)
    as_read.add([row for row in rows if row.upto > as_read.covered])
    as_read.passed(upto)
    return as_read


def records_of(log: Log) -> list[Record]:
    rows = [
        (str(position).encode(), [part for pair in fields.items() for part in pair])
        for position, fields in sorted(log.items())
    ]
    return page_of(0, rows, digests=True).records if rows else []


def found(as_read: AsRead, aside: set[Position] | None = None) -> list[Violation]:
    return list(as_read.violations(START, START, aside or set()))


@st.composite
def altered(draw: st.DrawFn, log: Log) -> Log:
    """A few entries dropped, doubled, exchanged or altered."""
    after = dict(log)
    for _ in range(draw(st.integers(0, 4))):
        if not after:
            break
        one, other = draw(st.sampled_from(sorted(after))), draw(st.sampled_from(sorted(after)))
        match draw(st.sampled_from(["drop", "double", "swap", "alter"])):
            case "drop":
                del after[one]
            case "double":
                after[one.next()] = after[one]
            case "swap":
                after[one], after[other] = after[other], after[one]
            case _:
                said = codec.decode_entry(after[one])
                after[one] = stories.fields((msgspec.structs.replace(said[0], at=9), said[1]))
    return after


@settings(max_examples=200)
@given(stories.stories(WHO), st.data())
def test_what_differs_in_random_histories_is_named_and_nothing_else(story: list[Said], data: Any) -> None:
    log = logged(story)
    aside = set(data.draw(st.lists(st.sampled_from(sorted(log)), max_size=3))) if log else set()
    cuts = data.draw(st.lists(st.integers(1, max(1, len(log))), max_size=4))
    rows, now = rows_of(log, [cut for cut in cuts if cut < len(log)], aside), data.draw(altered(log))
    upto = Position(len(log), 0)
    now = {position: fields for position, fields in now.items() if position <= upto}
    early = data.draw(st.sampled_from([None, begun(log, rows, aside)]))
    as_read = compared(now, rows, aside, upto, data.draw(st.integers(1, 9)), early)

    projected = {of_entry(position, fields) for position, fields in log.items() if position not in aside}
    shown = {of_entry(position, fields) for position, fields in now.items()}
    strange = {
        position for position, fields in now.items()
        if of_entry(position, fields) not in projected and position not in aside
    }  # fmt: skip
    violations = found(as_read)
    assert {one.position for one in violations if one.kind == "altered"} == strange
    fewer = {
        row.upto
        for row in rows
        if sum(digest not in shown for digest in _split(row))
        > sum(row.after < at <= row.upto for at in strange)
    }
    gone = [one.position for one in violations if one.kind == "gone" and one.position]
    rows_with_fewer = {row.upto for row in rows if any(row.after < at <= row.upto for at in gone)}
    assert rows_with_fewer >= fewer
    assert early or rows_with_fewer == fewer, "a row that came in two parts is looked at in two parts"
    assert {one.kind for one in violations} <= {"altered", "gone"}


def _split(row: Row) -> list[bytes]:
    return [(row.digests or b"")[at : at + 16] for at in range(0, len(row.digests or b""), 16)]


(ANNA, BELA) = WHO
STORY = [
    stories.identity(ANNA), *(stories.accepted(ANNA, 1, seq) for seq in range(1, 9)),
    stories.acknowledged(ANNA, 1, 8), stories.identity(BELA), stories.deleted(BELA),
]  # fmt: skip
LOG = logged(STORY)
LAST = Position(len(LOG), 0)
ROWS = rows_of(LOG, [4, 8], set())


def texts(as_read: AsRead) -> list[str]:
    return [f"{one.kind} {one.position}: {one.text}" for one in found(as_read)]


def without(*gone: int) -> Log:
    return {position: fields for position, fields in LOG.items() if position.ms not in gone}


def test_entries_that_went_are_counted_where_they_stood() -> None:
    assert texts(compared(without(2, 3), ROWS, set(), LAST)) == [
        "gone 4-0: projected, and no longer in the log: 2 entries behind 0-0, up to 4-0"
    ]
    assert len(texts(compared(without(*range(1, 13)), ROWS, set(), LAST))) == 3


@pytest.mark.parametrize(("deleted", "trimmed"), [(2, 0), (0, 3), (12, 0), (0, 12)])
def test_entries_of_a_deleted_account_or_trimmed_ones_are_no_loss(deleted: int, trimmed: int) -> None:
    as_read = compared(without(2, 3), ROWS, set(), LAST)
    assert list(as_read.violations(Position(deleted, 0), Position(trimmed, 0), set())) == []


def test_a_deletion_that_the_fold_comes_to_excuses_what_went_before_it() -> None:
    as_read = AsRead(0, START, (), whole=True)
    as_read.add(ROWS)
    for record in records_of(without(2)):
        as_read.take(Page(0, [record], [], record.position), LAST if record.position == LAST else START)
    assert found(as_read) == []


def test_a_row_that_is_missing_is_named_by_the_entries_that_it_was_of() -> None:
    assert texts(compared(LOG, [ROWS[0], ROWS[2]], set(), LAST)) == [
        "digests 8-0: the database has no digests of 4 entries from 5-0 to 8-0"
    ]
    assert len(texts(compared(LOG, ROWS[1:], set(), LAST))) == 1
    assert len(texts(compared(LOG, ROWS[:2], set(), LAST))) == 1
    assert len(texts(compared(LOG, [], set(), LAST))) == 1


def test_a_row_that_was_altered_or_stands_in_anothers_place_is_named_by_its_entries() -> None:
    forged = [ROWS[0], ROWS[1]._replace(digests=bytes(64)), ROWS[2]]
    assert [one.position for one in found(compared(LOG, forged, set(), LAST))] == [
        Position(ms, 0) for ms in range(5, 9)
    ]
    swapped = [ROWS[0]._replace(digests=ROWS[1].digests), ROWS[1]._replace(digests=ROWS[0].digests), ROWS[2]]
    assert found(compared(LOG, swapped, set(), LAST, page=3))


def test_entries_that_were_projected_without_digests_are_a_note() -> None:
    rows = [Row(START, Position(4, 0), None), *ROWS[1:]]
    as_read = compared(LOG, rows, set(), LAST)
    assert found(as_read) == []
    (note,) = as_read.notes()
    assert note.startswith("an earlier version kept no digests of 4 entries behind 0-0, up to 4-0: ")
    assert list(compared(LOG, ROWS, set(), LAST).notes()) == []


def test_an_entry_that_was_set_aside_and_retried_while_the_audit_ran_is_no_violation() -> None:
    aside = {Position(6, 0)}
    late = of_entry(Position(6, 0), LOG[Position(6, 0)])
    rows = rows_of(LOG, [4, 8], aside)
    as_read = AsRead(0, START, aside, whole=True)
    as_read.add([rows[0], rows[1]])
    for record in records_of(LOG):
        if record.position.ms == 9:
            grown = Row(rows[1].after, LAST, (rows[1].digests or b"") + late + (rows[2].digests or b""))
            as_read.add([grown])
        as_read.take(Page(0, [record], [], record.position), START)
    assert found(as_read) == []


def test_an_entry_that_is_set_aside_while_the_audit_runs_is_no_violation() -> None:
    as_read = compared(LOG, rows_of(LOG, [4], {Position(6, 0)}), set(), LAST)
    assert [one.position for one in found(as_read)] == [Position(6, 0)]
    assert found(as_read, {Position(6, 0)}) == []


def test_behind_a_gap_it_begins_anew_and_what_was_altered_stays_named() -> None:
    forged = {**without(2), Position(5, 0): LOG[Position(4, 0)]}
    as_read = AsRead(0, START, (), whole=True)
    as_read.add(ROWS)
    for record in records_of(forged):
        as_read.take(Page(0, [record], [], record.position, gap=False), START)
        if record.position.ms == 9:
            as_read.take(Page(0, [], [], Position(10, 0), gap=True), START)
    as_read.passed(LAST)
    assert [(one.kind, one.position) for one in found(as_read)] == [("altered", Position(5, 0))]


def test_of_a_stretch_that_begins_within_a_row_nothing_is_missed() -> None:
    as_read = AsRead(0, Position(2, 0), (), whole=True)
    as_read.add(ROWS)
    for record in records_of(LOG)[2:]:
        as_read.take(Page(0, [record], [], record.position), START)
    assert found(as_read) == []


def test_entries_that_the_archive_gave_are_not_missed() -> None:
    as_read = AsRead(0, START, (), whole=True)
    as_read.add(ROWS)
    for record in records_of(LOG):
        is_archived = record.position.ms < 6
        given = msgspec.structs.replace(record, entry_digest=None) if is_archived else record
        as_read.take(Page(0, [given], [], record.position), START)
    assert found(as_read) == []


def test_of_one_user_only_what_was_altered_is_said() -> None:
    as_read = AsRead(0, START, (), whole=False)
    as_read.add(ROWS)
    hers = [record for record in records_of(LOG) if record.event.user == BELA]
    as_read.take(Page(0, hers, [], LAST), START)
    assert found(as_read) == []


def test_more_than_a_thousand_altered_entries_are_counted() -> None:
    log = logged([stories.accepted(ANNA, 1, seq) for seq in range(1, 1203)])
    (row,) = rows_of(log, [], set())
    forged = row._replace(digests=bytes(len(row.digests or b"")))
    violations = found(compared(log, [forged], set(), Position(len(log), 0), page=300))
    assert len(violations) == 1001
    assert violations[-1].text == "202 more entries are not those that were projected"
