"""The operator's changes to an account: the owner's own calls, by the same functions."""

import asyncio
from contextlib import suppress
from typing import Final

from ops.errors import OperatorError
from ops.reach import Reached
from ops.streams.groups import partitions
from ops.users.found import found, no_open_device
from relay.auth import login_sessions
from relay.database import Database
from relay.identity import accounts, closing
from relay.identity.accounts import Account
from relay.identity.directory import Directory
from relay.log.projection import until_visible
from schema import overrides
from schema.clock import now_ms
from schema.refusals import Refusal
from schema.waiting import AWAY

BOARD_SECONDS: Final = 2.0


async def close(reached: Reached, user: str, device: int) -> tuple[Account, int]:
    """Closes the device, as DELETE /v1/devices does; one that never had keys loses its sessions. The
    account, and how many sessions ended. Raises OperatorError."""
    log_client = await reached.log()
    connection = await reached.database()
    directory = Directory(log_client, await partitions(log_client))
    account = await found(connection, user)
    position = None
    async with connection.transaction():
        await accounts.lock(connection, account.user_id)
        try:
            position, ended = await closing.close_device(
                connection, directory, account.user_id, device, now_ms()
            )
        except Refusal:  # it never had keys
            ended = await login_sessions.end_of_devices(connection, account.user_id, [device])
        if position is None and not ended:
            raise no_open_device(account.username, device)
    if position is not None:
        with suppress(Refusal):  # it is recorded, and seen once the projector goes on
            async with Database(reached.settings.database_url or "") as database:
                await until_visible(database, position)
    return account, ended


async def delete(reached: Reached, user: str) -> Account:
    """Deletes the account, as DELETE /v1/account does. Raises OperatorError."""
    log_client = await reached.log()
    board = await reached.board()
    connection = await reached.database()
    directory = Directory(log_client, await partitions(log_client))
    account = await found(connection, user)
    async with connection.transaction():
        if await accounts.lock(connection, account.user_id) is None:
            raise OperatorError(f"@{account.username} was deleted meanwhile.")
        await closing.delete_account(connection, directory, account.user_id, closing.OPERATOR, now_ms())
    with suppress(*AWAY):  # else the rate-limiter worker finds it within a minute
        async with asyncio.timeout(BOARD_SECONDS):
            await overrides.forget(board, account.user_id)
    return account
