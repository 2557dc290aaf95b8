"""The tables `mailboxes` and `envelopes`: numbers only grow, and only what is owed is kept."""

from typing import Any, Final

from workers.projector.facts import Device, Facts

ADVANCE: Final = """
    INSERT INTO mailboxes AS box (user_id, device_id, head, cursor, floor)
    SELECT user_id, device_id, new.head, new.cursor, new.floor
      FROM unnest(%(users)s::uuid[], %(devices)s::integer[], %(heads)s::bigint[], %(cursors)s::bigint[],
                  %(floors)s::bigint[]) AS new (user_id, device_id, head, cursor, floor)
      JOIN devices USING (user_id, device_id)
     WHERE closed_at IS NULL
    ON CONFLICT (user_id, device_id) DO UPDATE
       SET head = greatest(box.head, excluded.head), cursor = greatest(box.cursor, excluded.cursor),
           floor = greatest(box.floor, excluded.floor)
"""
DELETE_SETTLED: Final = """
    DELETE FROM envelopes
     USING unnest(%(users)s::uuid[], %(devices)s::integer[], %(upto)s::bigint[])
           AS settled (user_id, device_id, upto)
     WHERE envelopes.user_id = settled.user_id AND envelopes.device_id = settled.device_id
       AND seq <= settled.upto
"""
INSERT_OWED: Final = """
    INSERT INTO envelopes (user_id, device_id, seq, id, from_user, from_device, kind, body, at, logged_at)
    SELECT user_id, device_id, seq, id, from_user, from_device, kind, body, at, logged_at
      FROM unnest(%(users)s::uuid[], %(devices)s::integer[], %(seqs)s::bigint[], %(ids)s::uuid[],
                  %(from_users)s::uuid[], %(from_devices)s::integer[], %(kinds)s::text[],
                  %(bodies)b::bytea[], %(ats)s::bigint[], %(logged_ats)s::bigint[])
           AS new (user_id, device_id, seq, id, from_user, from_device, kind, body, at, logged_at)
      JOIN mailboxes USING (user_id, device_id)
     WHERE seq > greatest(cursor, floor)
    ON CONFLICT DO NOTHING
"""


async def write(connection: Any, devices: list[tuple[Device, Facts]]) -> int:
    """Writes what is new about the mailboxes of `devices`; how many envelopes that were."""
    moved = [(device, facts) for device, facts in devices if facts.head]
    if moved:
        await connection.execute(ADVANCE, _numbers(moved))
    settled = [(device, facts) for device, facts in moved if facts.settled]
    if settled:
        columns = {**_devices(settled), "upto": [facts.settled for _, facts in settled]}
        await connection.execute(DELETE_SETTLED, columns)
    owed = [(device, seq, owed) for device, facts in moved for seq, owed in facts.envelopes.items()]
    if owed:
        events = [envelope.event for _, _, envelope in owed]
        columns = {
            "users": [user for (user, _), _, _ in owed],
            "devices": [device for (_, device), _, _ in owed],
            "seqs": [seq for _, seq, _ in owed],
            "ids": [event.id for event in events],
            "from_users": [event.from_user for event in events],
            "from_devices": [event.from_device for event in events],
            "kinds": [event.kind for event in events],
            "bodies": [event.body for event in events],
            "ats": [event.at for event in events],
            "logged_ats": [envelope.logged_at for _, _, envelope in owed],
        }
        await connection.execute(INSERT_OWED, columns)
    return len(owed)


def _devices(devices: list[tuple[Device, Facts]]) -> dict[str, list[Any]]:
    return {
        "users": [user for (user, _), _ in devices],
        "devices": [device for (_, device), _ in devices],
    }


def _numbers(devices: list[tuple[Device, Facts]]) -> dict[str, list[Any]]:
    return {
        **_devices(devices),
        "heads": [facts.head for _, facts in devices],
        "cursors": [facts.cursor for _, facts in devices],
        "floors": [facts.floor for _, facts in devices],
    }
