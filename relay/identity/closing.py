"""Closing a device and deleting an account: the one way, for their owner and for the operator.

Promise: the log is told before the rows change, and in their transaction. Whatever fails in between, the same
call can be made again. Every node ends the sockets of an ended session within seconds (see
`relay.auth.revocation`).
"""

from uuid import UUID

from relay.auth import login_sessions
from relay.database import Connection
from relay.identity import accounts
from relay.identity.directory import Directory
from relay.log.replies import Position

OPERATOR: int = 0
"""The device that asks for a deletion when it is the operator; no device has this number."""


async def close_device(
    connection: Connection, directory: Directory, user_id: UUID, device_id: int, now: int
) -> tuple[Position | None, int]:
    """Closes the device and ends its sessions. Where the log says so (None: it was closed before), and how
    many sessions ended. The caller holds the account's lock. Raises Refusal not_found: it never had keys."""
    position = await directory.close(user_id, device_id, now)
    return position, await login_sessions.end_of_devices(connection, user_id, [device_id])


async def delete_account(
    connection: Connection, directory: Directory, user_id: UUID, by_device: int, now: int
) -> None:
    """Deletes keys, mailboxes, sessions and the name. The caller holds the account's lock."""
    await directory.delete(user_id, by_device, now)
    await login_sessions.end_all(connection, user_id, "account_deleted")
    await accounts.delete(connection, user_id)
