"""The rows that the projector would have written of the bench's people, and their accounts."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ops.replay.bench.histories import DEVICE, Person
from schema.signal import fingerprint
from workers.projector import digests

Row = tuple[Any, ...]

COLUMNS: Final = {
    "users": "user_id uuid, username text, password_hash text, last_device_id int4, created_at int8",
    "devices": "user_id uuid, device_id int4, registration_id int4, signed_prekey_id int4,"
    " signed_prekey bytea, signed_prekey_signature bytea, activated_at int8",
    "identities": "user_id uuid, identity_key bytea, fingerprint text, since int8",
    "mailboxes": "user_id uuid, device_id int4, head int8, cursor int8, floor int8",
    "one_time_prekeys": "user_id uuid, device_id int4, prekey_id int4, key bytea",
    "used_prekeys": "user_id uuid, device_id int4, prekey_id int4, taken_at int8",
    "envelopes": "user_id uuid, device_id int4, seq int8, id uuid, from_user uuid, from_device int4,"
    " kind text, body bytea, at int8, logged_at int8",
}
"""Of each table the columns that are written, with their types."""

INSERT_DIGESTS: Final = f"INSERT INTO entry_digests ({digests.COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s)"  # noqa: S608


def copy(database: Any, people: Iterable[Person]) -> None:
    """Writes all rows of the people; the caller's connection commits."""
    people = [person for person in people if person.since]
    for table, columns in COLUMNS.items():
        names, types = zip(*(column.split() for column in columns.split(", ")), strict=True)
        statement = f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)"
        with database.cursor() as cursor, cursor.copy(statement) as rows:
            rows.set_types(types)
            for person in people:
                for row in _rows(table, person):
                    rows.write_row(row)


def copy_digests(database: Any, partitions: Mapping[int, Iterable[digests.Row]]) -> None:
    """Writes the digests of what the projector read of each partition."""
    rows = [
        (partition, *row.after, *row.upto, row.digests)
        for partition, found in partitions.items()
        for row in found
    ]
    with database.cursor() as cursor:
        cursor.executemany(INSERT_DIGESTS, rows)


def _rows(table: str, person: Person) -> Iterator[Row]:
    user, signed = person.user, person.signed
    match table:
        case "users":
            yield user, f"u{user.hex[:24]}", "no password", DEVICE, person.since
        case "devices":
            yield (
                user, DEVICE, person.registration_id, signed.id, signed.key, signed.signature, person.since,
            )  # fmt: skip
        case "identities":
            yield user, person.identity_key, fingerprint(person.identity_key), person.since
        case "mailboxes":
            yield user, DEVICE, person.head, person.cursor, person.floor
        case "one_time_prekeys":
            yield from ((user, DEVICE, number, key) for number, key in person.waiting.items())
        case "used_prekeys":
            yield from ((user, DEVICE, number, at) for number, at in person.taken.items())
        case _:
            for seq, event in person.owed:
                yield (
                    user, DEVICE, seq, event.id, event.from_user, event.from_device, event.kind, event.body,
                    event.at, event.at,
                )  # fmt: skip
