"""Entries that the projector set aside, projected after all.

Invariant: afterwards the tables hold what they would if the entries had been projected in their place, but
for the keys of closed devices and the times at which something ended. An entry projected late and alone could
undo what came after it (an old identity, a prekey of a replaced one). So the entry and everything of its user
that follows in the log, up to the checkpoint, are projected in the log's order, in one transaction that holds
the checkpoint. Entries of different users commute. Statements may be repeated but one: a replaced identity
closes every other device for good. Devices that became active after that are therefore taken out first; all
that the log says of them follows.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

from schema import checkpoints, codec, keys
from schema.events import EnvelopeAccepted, IdentitySet, LogEvent
from schema.failures import is_the_entrys, slug
from schema.positions import Position
from workers.batches import Entry
from workers.projector import digests
from workers.projector.devices import DELETE_OF_DEVICE, RETURN_TO_IDENTITY
from workers.projector.projection import Turn
from workers.projector.rounds import rounds
from workers.projector.settled import unsettled
from workers.quarantine import SetAside
from workers.retrying.outcome import HANDLED, Outcome
from workers.retrying.suffix import Suffix

SELECT_IS_OWED: Final = "SELECT 1 FROM envelopes WHERE user_id = %s AND device_id = %s AND seq = %s"
SELECT_OPEN: Final = """
    SELECT device_id FROM devices WHERE user_id = %s AND device_id = ANY(%s::integer[]) AND closed_at IS NULL
"""
DELETE_DEVICE: Final = """
    DELETE FROM devices USING unnest(%(users)s::uuid[], %(devices)s::integer[]) AS gone (user_id, device_id)
     WHERE devices.user_id = gone.user_id AND devices.device_id = gone.device_id
"""
BACKDATE_DEVICE: Final = """
    UPDATE devices SET activated_at = least(activated_at, %s) WHERE user_id = %s AND device_id = %s
"""
BACKDATE_IDENTITY: Final = """
    UPDATE identities SET since = least(since, %s) WHERE user_id = %s AND identity_key = %s
"""

Late = list[Entry[LogEvent]]


async def project(
    database: Any, log_client: Any, partition: int, wanted: list[SetAside], aside: Collection[Position]
) -> dict[Position, Outcome]:
    """Retries the entries `wanted`; `aside` is where all stood that the projector set aside of the partition.

    `database` is a connection that commits by itself. Raises the servers' errors; what has no outcome then is
    as it was.
    """
    outcomes: dict[Position, Outcome] = {}
    late: dict[UUID, Late] = defaultdict(list)
    reached = (await checkpoints.read_all(database, keys.PROJECTOR)).get(partition)
    for position, fields in sorted({entry.position: entry.fields for entry in wanted}.items()):
        if reached is None or position > reached:
            outcomes[position] = Outcome("too_early")
            continue
        try:
            event, seq = codec.decode_entry(fields)
        except codec.UndecodableEntry as error:
            outcomes[position] = Outcome("unreadable", error.reason)
            continue
        late[event.user].append(Entry(position, event, seq, fields))
    if not late or reached is None:
        return outcomes
    begin = min(entries[0].position for entries in late.values())
    suffix = Suffix(log_client, partition, late.keys(), begin, aside)
    await suffix.extend(reached)
    for user, entries in late.items():
        outcomes |= await _in_place(database, suffix, partition, user, entries)
    return outcomes


async def _in_place(
    database: Any, suffix: Suffix, partition: int, user: UUID, late: Late
) -> Mapping[Position, Outcome]:
    """All of a user's late entries at once; when that fails, one after the other."""
    try:
        return await _apply(database, suffix, partition, user, late, late)
    except Exception as error:
        if not is_the_entrys(error):
            raise
        if len(late) == 1:
            return {late[0].position: Outcome("failed", slug(error))}
    outcomes: dict[Position, Outcome] = {}
    good: Late = []
    for entry in late:
        try:
            outcomes |= await _apply(database, suffix, partition, user, [*good, entry], [entry])
        except Exception as error:
            if not is_the_entrys(error):
                raise
            outcomes[entry.position] = Outcome("failed", slug(error))
        if outcomes[entry.position].result in HANDLED:
            good.append(entry)
    return outcomes


async def _apply(
    database: Any, suffix: Suffix, partition: int, user: UUID, late: Late, asked: Late
) -> dict[Position, Outcome]:
    """Projects `late` and what follows; the outcomes of `asked`, which are among them."""
    async with database.transaction():
        checkpoint = await checkpoints.hold(database, keys.PROJECTOR, partition)
        assert checkpoint is not None, "it was read before, and is never deleted"
        await suffix.extend(checkpoint)
        if not await suffix.is_whole(late[0].position):
            return {entry.position: Outcome("too_late") for entry in asked}
        following = [entry for entry in suffix.of(user) if entry.position > late[0].position]
        entries = sorted([*late, *following], key=lambda entry: entry.position)
        await _take_out(database, user, _active_after_a_replacement(entries))
        await _return_to_identity(database, user, entries)
        await _backdate(database, late)
        for turn in rounds(unsettled(entries)):
            await Turn.of(turn).apply(database)
        for entry in late:
            read = digests.of_entry(entry.position, entry.fields)
            await digests.add_late(database, partition, entry.position, read)
        return {entry.position: await _outcome(database, entry) for entry in asked}


def _active_after_a_replacement(entries: Late) -> list[int]:
    """The devices that became active after another one replaced the identity."""
    replacers: set[int] = set()
    later: set[int] = set()
    for entry in entries:
        if isinstance(entry.event, IdentitySet):
            if replacers - {entry.event.device}:
                later.add(entry.event.device)
            if entry.event.change == "replaced":
                replacers.add(entry.event.device)
    return sorted(later)


async def _take_out(database: Any, user: UUID, devices: list[int]) -> None:
    """Deletes what the tables hold of the devices that are not closed, but the marks of used prekeys."""
    rows = await (await database.execute(SELECT_OPEN, (user, devices))).fetchall()
    columns = {"users": [user] * len(rows), "devices": [device for (device,) in rows]}
    for statement in (*DELETE_OF_DEVICE, DELETE_DEVICE):
        await database.execute(statement, columns)


async def _return_to_identity(database: Any, user: UUID, entries: Late) -> None:
    """The identity that the entries begin under is present again, until they replace it: a device added
    under another one would be passed over."""
    changes = [entry.event for entry in entries if isinstance(entry.event, IdentitySet)]
    if changes and changes[0].change == "added" and any(one.change == "replaced" for one in changes):
        await database.execute(RETURN_TO_IDENTITY, {"users": [user], "keys": [changes[0].identity_key]})


async def _backdate(database: Any, late: Late) -> None:
    """Where a later entry made the same device or identity known, it is known since the late one."""
    for entry in late:
        if isinstance(event := entry.event, IdentitySet):
            await database.execute(BACKDATE_DEVICE, (event.at, event.user, event.device))
            await database.execute(BACKDATE_IDENTITY, (event.at, event.user, event.identity_key))


async def _outcome(database: Any, entry: Entry[LogEvent]) -> Outcome:
    event = entry.event
    if isinstance(event, EnvelopeAccepted):
        values = (event.user, event.device, entry.seq)
        if await (await database.execute(SELECT_IS_OWED, values)).fetchone() is None:
            return Outcome("settled")
    return Outcome("done")
