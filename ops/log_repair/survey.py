"""The survey before a repair, in numbers: data that goes on, data that is lost. Reads only."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from ops.log_repair.directory import fields_of, listed, with_account
from ops.log_repair.settling import Prekey
from schema import codec, keys
from schema.events import EnvelopeAccepted, KemPrekeyTaken, PrekeyTaken
from schema.log_identity import Begin
from schema.partitions import partition_of
from schema.positions import Position
from schema.prekeys import OF_TAKING

COUNT: Final = """
    SELECT (SELECT count(*) FROM users),
           (SELECT count(*) FROM devices JOIN identities USING (user_id)
             WHERE closed_at IS NULL AND until IS NULL),
           (SELECT count(*) FROM envelopes),
           (SELECT count(*) FROM one_time_prekeys) + (SELECT count(*) FROM kem_prekeys)
"""
SELECT_WAITING: Final = "SELECT user_id, device_id, seq FROM envelopes"
ENTRIES_AT_ONCE: Final = 1000

Mailbox = tuple[UUID, int]
Numbers = tuple[int, int]
"""Head, and up to where nothing is owed."""


class Counts(msgspec.Struct, frozen=True):
    """Counts from the database."""

    accounts: int
    devices: int
    waiting: int
    prekeys: int


class Listing(msgspec.Struct):
    """Counts from the log's directory: users with and without an account, each user's greatest device number,
    and the mailboxes."""

    known: int = 0
    unknown: int = 0
    last_devices: dict[UUID, int] = {}
    mailboxes: dict[Mailbox, Numbers] = {}


class Unread(msgspec.Struct):
    """Counts of log entries that the database has not read yet."""

    entries: int = 0
    waiting: int = 0
    taken: set[Prekey] = set()


async def count(begin: Begin) -> Counts:
    """The database's numbers."""
    async with begin() as connection:
        return Counts(*await (await connection.execute(COUNT)).fetchone())


async def listing(begin: Begin, log_client: Any, partitions: int) -> Listing:
    """The directory's numbers."""
    found = Listing()
    async with begin() as connection:
        async for batch in listed(log_client):
            accounts = await with_account(connection, batch)
            found.known += len(accounts)
            found.unknown += len(set(batch) - accounts)
            for user in batch:
                fields = await fields_of(log_client, partition_of(user, partitions), user)
                numbers = {field.decode(): value for field, value in fields.items()}
                _note(found, user, numbers)
    return found


def _note(found: Listing, user: UUID, fields: Mapping[str, bytes]) -> None:
    numbered = [(name[0], int(name[1:])) for name in fields if name[1:].isdigit()]
    found.last_devices[user] = max((device for _, device in numbered), default=0)
    for letter, device in numbered:
        if letter == "r":
            head, cursor, floor = (int(fields.get(f"{one}{device}", b"0")) for one in "hcf")
            found.mailboxes[user, device] = head, max(cursor, floor)


async def unread(
    log_client: Any,
    checkpoints: Mapping[int, Position],
    mailboxes: Mapping[Mailbox, Numbers],
    partitions: int,
) -> Unread:
    """Reads every partition from where the database stands. An entry that cannot be read counts as one."""
    found = Unread()
    for partition in range(partitions):
        start = "({}-{}".format(*checkpoints.get(partition, (0, 0)))
        while rows := await log_client.xrange(keys.log(partition), start, "+", count=ENTRIES_AT_ONCE):
            found.entries += len(rows)
            for _, fields in rows:
                _note_entry(found, fields, mailboxes)
            start = f"({rows[-1][0].decode()}"
    return found


def _note_entry(found: Unread, fields: Mapping[bytes, bytes], mailboxes: Mapping[Mailbox, Numbers]) -> None:
    try:
        event, seq = codec.decode_entry(fields)
    except codec.UndecodableEntry:
        return
    match event:
        case PrekeyTaken() | KemPrekeyTaken():
            found.taken.add((event.user, event.device, event.prekey_id, OF_TAKING[type(event)]))
        case EnvelopeAccepted(user=user, device=device):
            head, settled = mailboxes.get((user, device), (0, 0))
            found.waiting += settled < seq <= head


async def missing(
    begin: Begin, mailboxes: Mapping[Mailbox, Numbers], unread_waiting: int, lagging: Collection[int], p: int
) -> int:
    """How many owed envelopes neither server has, in the partitions whose directory stays as it is."""
    staying = {box: one for box, one in mailboxes.items() if partition_of(box[0], p) not in lagging}
    there = unread_waiting
    async with begin() as connection, connection.cursor(name="waiting") as cursor:
        await cursor.execute(SELECT_WAITING)
        async for user, device, seq in cursor:
            head, settled = staying.get((user, device), (0, 0))
            there += settled < seq <= head
    return max(0, sum(head - settled for head, settled in staying.values()) - there)


def moment(position: Position) -> str:
    """When an entry was written, by the log's clock."""
    return datetime.fromtimestamp(position.ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
