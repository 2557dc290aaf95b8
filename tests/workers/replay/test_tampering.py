"""One entry or one row dropped, doubled, swapped or altered: each is found, and named where it stands."""

from typing import Any
from uuid import UUID, uuid4, uuid5

import msgspec
import pytest

from schema.events import KemPrekeysUploaded, PrekeysUploaded, SignedPrekey
from schema.positions import Position
from tests.workers import stories
from tests.workers.replay.histories import compared, folded, oracle_rows, records
from tests.workers.stories import (
    Said,
    accepted,
    acknowledged,
    closed,
    expired,
    identity,
    kem_taken,
    kem_uploaded,
    taken,
    uploaded,
)
from workers.replay import directory
from workers.replay.records import Page, Record, Unreadable
from workers.replay.rows import Row

ANNA, BELA, CARL, DORA = (uuid5(UUID(int=9), name) for name in ("anna", "bela", "carl", "dora"))
STORY: list[Said] = [
    *(said for user in (ANNA, BELA, CARL) for said in (identity(user), uploaded(user, 1, 1, 2, 3))),
    identity(ANNA, 2, "added", at=1001, number=2, kem=21),
    taken(BELA, 1, 2),
    taken(ANNA, 1, 1),
    kem_uploaded(BELA, 1, 1, 2, 3),
    kem_taken(BELA, 1, 1),
    stories.signed(CARL, 1, 7, kem=22),
    stories.signed(BELA, 1, 1, kem=20),
    *(accepted(user, 1, seq, at=1000 + seq) for seq in (1, 2, 3) for user in (ANNA, BELA, CARL)),
    *(acknowledged(user, 1, upto) for upto in (1, 2) for user in (ANNA, BELA)),
    expired(CARL, 1, 2, count=2),
    identity(DORA),
    identity(DORA, 2, "replaced", at=1009, identity_key=stories.key(9), number=3),
    accepted(DORA, 2, 1),
    closed(ANNA, 2),
    *(accepted(user, 1, 4) for user in (ANNA, CARL)),
]
TRUE = records(STORY)
ROWS = oracle_rows(TRUE)


def found(entries: list[Record], rows: list[tuple[str, Row]] = ROWS) -> list[Any]:
    return compared(folded(entries), rows)


def test_the_true_story_has_no_violation() -> None:
    assert found(TRUE) == []


@pytest.mark.parametrize("at", range(len(TRUE)))
def test_an_entry_that_is_dropped_or_doubled_is_found_about_its_user(at: int) -> None:
    entry = TRUE[at]
    dropped, doubled = found(TRUE[:at] + TRUE[at + 1 :]), found([*TRUE[: at + 1], *TRUE[at:]])
    again = msgspec.structs.replace(entry, position=entry.position.next())
    if covered(entry):
        assert dropped == [], "its loss leaves no trace in numbers and tables: see test_audit.py"
        dropped = doubled
    for violations in (dropped, doubled, found([*TRUE[: at + 1], again, *TRUE[at + 1 :]])):
        repeats_nothing = violations is not dropped and violations is not doubled and harmless(entry)
        assert repeats_nothing or entry.event.user in {violation.user for violation in violations}


def covered(entry: Record) -> bool:
    """An acknowledgement that a later one includes."""
    return entry.seq == 1 and type(entry.event).__name__ == "EnvelopesAcknowledged"


def harmless(entry: Record) -> bool:
    """A device may publish the same keys again."""
    return type(entry.event).__name__ == "SignedPrekeySet" or (
        getattr(entry.event, "change", None) == "added"
    )


@pytest.mark.parametrize("at", range(len(TRUE) - 1))
def test_two_entries_that_changed_places_are_found(at: int) -> None:
    one, other = TRUE[at], TRUE[at + 1]
    assert found([*TRUE[:at], other, one, *TRUE[at + 2 :]]), "they took their positions along"
    if one.event.user == other.event.user and one.event.device == other.event.device:
        moved = [msgspec.structs.replace(other, position=one.position)]
        moved.append(msgspec.structs.replace(one, position=other.position))
        assert found([*TRUE[:at], *moved, *TRUE[at + 2 :]])


OWED = next(at for at, entry in enumerate(TRUE) if (entry.event.user, entry.seq) == (ANNA, 3))
FIELDS: dict[str, Any] = {
    "body": b"forged", "id": uuid4(), "from_user": uuid4(), "from_device": 9, "kind": "prekey", "at": 5,
    "device": 3, "user": uuid4(),
}  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
def test_an_owed_envelope_of_which_a_field_was_altered_is_named(field: str) -> None:
    entry = TRUE[OWED]
    event = msgspec.structs.replace(entry.event, **{field: FIELDS[field]})
    violations = found([*TRUE[:OWED], msgspec.structs.replace(entry, event=event), *TRUE[OWED + 1 :]])
    assert ANNA in {violation.user for violation in violations}
    if field not in {"user", "device"}:
        assert [violation.text for violation in violations] == [
            "envelopes: number 3 is not what the log has under it"
        ]


@pytest.mark.parametrize("at", range(len(TRUE)))
def test_an_entry_with_another_number_or_key_is_found(at: int) -> None:
    entry = TRUE[at]
    event: Any = entry.event
    altered = entry
    if entry.seq is not None:
        altered = msgspec.structs.replace(entry, seq=entry.seq + 1)
    elif hasattr(event, "identity_key"):
        altered = _with(entry, identity_key=stories.key(99))
    elif isinstance(event, PrekeysUploaded | KemPrekeysUploaded):
        last = msgspec.structs.replace(event.prekeys[2], id=77)
        altered = _with(entry, prekeys=(*event.prekeys[:2], last))
    elif hasattr(event, "signed_prekey"):
        altered = _with(entry, signed_prekey=SignedPrekey(7, stories.key(8), bytes(64)))
    elif hasattr(event, "prekey_id"):
        altered = _with(entry, prekey_id=3)
    else:
        altered = _with(entry, device=1)
    assert entry.event.user in {one.user for one in found([*TRUE[:at], altered, *TRUE[at + 1 :]])}


def _with(entry: Record, **fields: Any) -> Record:
    return msgspec.structs.replace(entry, event=msgspec.structs.replace(entry.event, **fields))


@pytest.mark.parametrize("at", range(len(ROWS)))
def test_a_row_that_is_missing_or_foreign_is_named(at: int) -> None:
    table, row = ROWS[at]
    device = None if table == "identities" else row[1]
    whose = {(one.user, one.device) for one in found(TRUE, ROWS[:at] + ROWS[at + 1 :])}
    assert whose == {(row[0], device)}
    stranger = uuid4()
    foreign = found(TRUE, [*ROWS, (table, (stranger, *row[1:]))])
    assert {one.user for one in foreign} == {stranger}


@pytest.mark.parametrize("at", range(len(ROWS)))
def test_a_row_of_which_any_value_was_altered_is_named(at: int) -> None:
    table, row = ROWS[at]
    for column in range(1, len(row)):
        if table in {"used_prekeys", "used_kem_prekeys"} and column == len(row) - 1:
            continue  # a taker whose transaction was rolled back leaves another's time
        rows = [
            *ROWS[:at],
            (table, (*row[:column], _other(row[column]), *row[column + 1 :])),
            *ROWS[at + 1 :],
        ]
        assert row[0] in {one.user for one in found(TRUE, rows)}, (table, column)


def _other(value: Any) -> Any:
    match value:
        case int():
            return value + 50
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:] if value else b"?"
        case UUID():
            return uuid4()
        case _:
            return f"{value}x"


def fields_of(user: UUID) -> dict[bytes, bytes]:
    """The directory's hash of a user of the story."""
    hashes = {
        ANNA: {"i": stories.key(), "r1": 1, "h1": 4, "c1": 2, "f1": 0, "x2": 1},
        DORA: {"i": stories.key(9), "r2": 3, "h2": 1, "c2": 0, "f2": 0, "x1": 1, "b": b"2 2"},
        CARL: {"i": stories.key(), "r1": 1, "h1": 4, "c1": 0, "f1": 2, "e1": 2, "n1": 2},
    }
    return {
        name.encode(): value if isinstance(value, bytes) else str(value).encode()
        for name, value in hashes[user].items()
    }


@pytest.mark.parametrize("user", [ANNA, DORA, CARL])
def test_a_directory_of_which_any_field_is_missing_or_altered_is_named(user: UUID) -> None:
    true = fields_of(user)
    assert differences(user, true) == []
    for name in true.keys() - {b"b", b"n1"}:
        without = {field: value for field, value in true.items() if field != name}
        if true[name] != b"0":
            assert differences(user, without), name
        if name[:1] != b"x":
            assert differences(user, {**true, name: b"7"}), name
    assert differences(user, {**true, b"r9": b"1"})
    assert differences(user, {})
    assert differences(uuid4(), true)


def differences(user: UUID, fields: dict[bytes, bytes]) -> list[str]:
    fold = folded(TRUE)
    directory.compare(fold, user, fields)
    return [violation.text for violation in fold.violations if violation.user == user]


RULES: dict[str, tuple[list[Said], str]] = {
    "a number is passed over": (
        [identity(ANNA), accepted(ANNA, 1, 1), accepted(ANNA, 1, 3)],
        "number 3 follows 1",
    ),
    "a number comes twice": (
        [identity(ANNA), accepted(ANNA, 1, 1), accepted(ANNA, 1, 1)],
        "number 1 was given although 1 was reached",
    ),
    "more is acknowledged than accepted": (
        [identity(ANNA), acknowledged(ANNA, 1, 1)],
        "1 was acknowledged of 0",
    ),
    "a wrong count expires": (
        [identity(ANNA), accepted(ANNA, 1, 1), expired(ANNA, 1, 1, 2)],
        "2 are said to have expired up to 1, where 1 were owed",
    ),
    "a prekey is taken twice": (
        [identity(ANNA), uploaded(ANNA, 1, 1), taken(ANNA, 1, 1), taken(ANNA, 1, 1)],
        "one-time prekey 1 was taken twice",
    ),
    "a prekey is taken that never was": (
        [identity(ANNA), taken(ANNA, 1, 1)],
        "one-time prekey 1 was taken and never uploaded",
    ),
    "a KEM prekey is taken twice": (
        [identity(ANNA), kem_uploaded(ANNA, 1, 1), kem_taken(ANNA, 1, 1), kem_taken(ANNA, 1, 1)],
        "one-time KEM prekey 1 was taken twice",
    ),
    "a KEM prekey is taken that never was, whatever the other kind has": (
        [identity(ANNA), uploaded(ANNA, 1, 1), kem_taken(ANNA, 1, 1)],
        "one-time KEM prekey 1 was taken and never uploaded",
    ),
    "a KEM prekey is uploaded twice": (
        [identity(ANNA), kem_uploaded(ANNA, 1, 1), kem_uploaded(ANNA, 1, 1)],
        "one-time KEM prekey 1 was uploaded before",
    ),
    "a closed device acknowledges": (
        [identity(ANNA), closed(ANNA, 1), acknowledged(ANNA, 1, 1)],
        "is about a device that was closed",
    ),
    "an account goes on after its deletion": (
        [identity(ANNA), stories.deleted(ANNA), accepted(ANNA, 1, 1)],
        "is about a device that never published keys",
    ),
    "an identity changes without being replaced": (
        [identity(ANNA), identity(ANNA, 2, "added", identity_key=stories.key(2))],
        "the identity was added by another key",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_a_rule_that_is_broken_is_named_at_its_entry(name: str) -> None:
    story, text = RULES[name]
    entries = records(story)
    (violation,) = folded(entries).violations
    assert (violation.text, violation.position, violation.user) == (text, entries[-1].position, ANNA)


def test_a_deleted_account_takes_what_its_erased_entries_broke_along() -> None:
    story = [identity(ANNA), accepted(ANNA, 1, 1), accepted(ANNA, 1, 4), stories.deleted(ANNA), *STORY[2:4]]
    assert found(records(story), oracle_rows(records(story))) == []


def test_an_entry_that_cannot_be_read_is_named_with_its_position() -> None:
    fold = folded(TRUE)
    fold.take(Page(0, [], [Unreadable(0, Position(99, 1), "no event", CARL)], Position(99, 1)))
    (violation,) = fold.violations
    assert (violation.kind, violation.position, violation.user) == ("unreadable", Position(99, 1), CARL)
