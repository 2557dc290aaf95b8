"""Login sessions: log-in, refresh, the list, sign-out."""

from uuid import UUID

from relay.auth import login_sessions, refresh
from relay.database import Connection, transaction
from relay.http.calls import Call
from relay.http.credentials import of_log_in, prove
from relay.identity import accounts, devices
from relay.linking import grants
from relay.services import NodeServices
from schema.clock import now_ms
from schema.limits import LOGINS, REFRESHES
from schema.refusals import Refusal, invalid
from schema.wire_http import LogIn, Refresh, Session, SessionEntry


async def begin(services: NodeServices, connection: Connection, user_id: UUID, device_id: int) -> Session:
    """A new login session of that device, with its first tokens."""
    now = now_ms()
    session_id = await login_sessions.begin(connection, user_id, device_id, now)
    token = await refresh.first(connection, session_id, now)
    return _session(services, refresh.Exchanged(user_id, device_id, session_id, token), now)


async def log_in(call: Call[LogIn]) -> Session:
    """A session with a new device number, or for the device that was named, if that is active."""
    services, username, password = call.services, call.body.username, call.body.password
    if call.body.grant is not None:
        await services.limits.admit(LOGINS, call.address)
        return await _by_grant(services, call.body.grant)
    if username is None or password is None:
        raise invalid("$", "Object missing required field `username` or `password`")
    await services.limits.admit(LOGINS, call.address)
    async with transaction(services.database) as connection:
        account = await accounts.by_name(connection, username)
    await prove(services, of_log_in(username, call.address), account, password)
    assert account is not None
    async with transaction(services.database) as connection:
        if await accounts.lock(connection, account.user_id) != account.password_hash:
            raise Refusal("bad_credentials")  # changed or deleted in the meantime
        active = [device.device_id for device in await devices.active(connection, account.user_id)]
        if call.body.device_id in active:
            device_id = call.body.device_id
        else:
            device_id = await accounts.next_device(connection, account.user_id)
        return await begin(services, connection, account.user_id, device_id)


async def _by_grant(services: NodeServices, grant: str) -> Session:
    """A session with a new device number, by the word of another device."""
    granted = await grants.use(services.board, grant)
    if granted is None:
        raise Refusal("bad_credentials")
    user_id = granted.user_id
    async with transaction(services.database) as connection:
        password_hash = await accounts.lock(connection, user_id)
        if password_hash is None or not granted.fits(password_hash):
            raise Refusal("bad_credentials")  # changed or deleted in the meantime
        if not await login_sessions.is_live(connection, granted.session_id):
            raise Refusal("bad_credentials")
        return await begin(services, connection, user_id, await accounts.next_device(connection, user_id))


async def exchange(call: Call[Refresh]) -> Session:
    """New tokens for a refresh token, which dies."""
    await call.services.limits.admit(REFRESHES, call.address)
    now = now_ms()
    try:
        exchanged = await refresh.exchange(call.services.database, call.body.refresh_token, now)
    except Refusal as refusal:
        if refusal.code == "token_reused":
            call.services.revocation.look_now()
        raise
    return _session(call.services, exchanged, now)


async def list_sessions(call: Call[None]) -> list[SessionEntry]:
    """One's own live sessions, the oldest first."""
    async with transaction(call.services.database) as connection:
        return await login_sessions.live(connection, call.user_id, call.claims.session_id, now_ms())


async def end_current(call: Call[None]) -> None:
    """Signs out."""
    await _end(call, call.claims.session_id)


async def end_session(call: Call[None]) -> None:
    """Signs another of one's sessions out, or this one."""
    text = call.path["session_id"]
    try:
        session_id = UUID(text)
    except ValueError as error:
        raise Refusal("not_found", "You have no such session.") from error
    if str(session_id) != text.lower():
        raise Refusal("not_found", "You have no such session.")
    await _end(call, session_id)


async def _end(call: Call[None], session_id: UUID) -> None:
    async with transaction(call.services.database) as connection:
        if not await login_sessions.end_one(connection, call.user_id, session_id):
            raise Refusal("not_found", "You have no such session.")
    call.services.revocation.look_now()


def _session(services: NodeServices, exchanged: refresh.Exchanged, now: int) -> Session:
    user_id, device_id, session_id, token = exchanged
    access_token, expires_at = services.tokens.issue(user_id, device_id, session_id)
    return Session(
        user_id=user_id,
        device_id=device_id,
        session_id=session_id,
        access_token=access_token,
        access_expires_at=expires_at,
        refresh_token=token,
        refresh_expires_at=now + login_sessions.LIFE_MS,
    )
