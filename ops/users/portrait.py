"""The relay's record of one account: never a password hash, a token, an address or a message."""

from typing import Any
from uuid import UUID

import msgspec

from ops.users.found import found, no_open_device
from relay.auth import login_sessions
from relay.identity import devices
from schema.clock import now_ms
from schema.signal import fingerprint
from schema.wire_http import SessionEntry

NO_SESSION = UUID(int=0)


class DeviceRow(msgspec.Struct, frozen=True):
    """A device: `state` is active, closed, or "no keys" (logged in, never published); times in ms; `waiting`:
    envelopes that it has yet to acknowledge."""

    device: int
    state: str
    since: int | None
    closed: int | None
    waiting: int
    sessions: int


class Portrait(msgspec.Struct, frozen=True):
    """An account with its devices and live login sessions. `contact` is what others add it by, once it has
    keys."""

    user: UUID
    username: str
    contact: str | None
    devices: list[DeviceRow]
    sessions: list[SessionEntry]

    def check_open(self, device: int) -> None:
        """Raises OperatorError when the account has no such device, or no more."""
        if not any(row.device == device and row.state != "closed" for row in self.devices):
            raise no_open_device(self.username, device)


async def portrait(connection: Any, user: str) -> Portrait:
    """Reads the account. Raises OperatorError."""
    account = await found(connection, user)
    sessions = await login_sessions.live(connection, account.user_id, NO_SESSION, now_ms())
    active = await devices.active(connection, account.user_id)
    contact = f"@{account.username}#{fingerprint(active[0].identity_key)}" if active else None
    known = {known.device_id: known for known in await devices.history(connection, account.user_id)}
    numbers = sorted(known.keys() | {session.device_id for session in sessions})
    rows = []
    for number in numbers:
        count = sum(session.device_id == number for session in sessions)
        one = known.get(number)
        if one is None:
            rows.append(DeviceRow(number, "no keys", None, None, 0, count))
        else:
            state = "active" if one.closed_at is None else "closed"
            rows.append(DeviceRow(number, state, one.activated_at, one.closed_at, one.owed or 0, count))
    return Portrait(account.user_id, account.username, contact, rows, sessions)
