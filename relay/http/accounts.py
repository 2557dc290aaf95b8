"""Accounts: registration, password change, deletion."""

import asyncio
from contextlib import suppress
from typing import Final

from relay.auth import login_sessions
from relay.database import transaction
from relay.http.calls import Call
from relay.http.credentials import of_session, own_account, prove
from relay.http.sessions import begin
from relay.identity import accounts, closing
from relay.identity.accounts import FIRST_DEVICE
from schema import overrides
from schema.clock import now_ms
from schema.limits import CREDENTIAL_CHANGES, REGISTRATIONS
from schema.refusals import Refusal, invalid
from schema.waiting import AWAY
from schema.wire_http import AccountDeletion, PasswordChange, Registration, Session

BOARD_SECONDS: Final = 2.0


async def register(call: Call[Registration]) -> Session:
    """A new account, its first device number and login session."""
    services = call.services
    if not accounts.canonical(call.body.username):
        raise invalid("$.username", "A name has 3 to 32 letters, digits or underscores.")
    await services.limits.admit(REGISTRATIONS, call.address)
    async with transaction(services.database) as connection:
        if await accounts.by_name(connection, call.body.username) is not None:
            raise Refusal("username_taken")
    password_hash = await services.passwords.hash(call.body.password)
    async with transaction(services.database) as connection:
        user_id = await accounts.create(connection, call.body.username, password_hash, now_ms())
        if user_id is None:
            raise Refusal("username_taken")
        return await begin(services, connection, user_id, FIRST_DEVICE)


async def change_password(call: Call[PasswordChange]) -> None:
    """A new password; every other session ends."""
    services = call.services
    account = await own_account(call)
    await services.limits.admit(CREDENTIAL_CHANGES, str(call.user_id), user=call.user_id)
    await prove(services, of_session(call.claims.session_id), account, call.body.password)
    password_hash = await services.passwords.hash(call.body.new_password)
    async with transaction(services.database) as connection:
        if not await accounts.exchange_hash(connection, account, password_hash):
            raise Refusal("bad_credentials")  # it was changed in the meantime
        await login_sessions.end_others(connection, account.user_id, call.claims.session_id)
    services.revocation.look_now()


async def delete_account(call: Call[AccountDeletion]) -> None:
    """Keys, mailboxes, sessions, the operator's limits and the name go."""
    services = call.services
    account = await own_account(call)
    await prove(services, of_session(call.claims.session_id), account, call.body.password)
    async with transaction(services.waiting_database) as connection:
        if await accounts.lock(connection, account.user_id) != account.password_hash:
            raise Refusal("bad_credentials")  # it was changed in the meantime
        await closing.delete_account(
            connection, services.directory, account.user_id, call.device_id, now_ms()
        )
    services.revocation.look_now()
    with suppress(*AWAY):  # else the rate-limiter worker finds it within a minute
        async with asyncio.timeout(BOARD_SECONDS):
            await overrides.forget(services.board, account.user_id)
