"""Proving a password: counted before it is looked at, forgiven when it fits.

Invariant: at most the allowed number of attempts can fail in a window, however many come at once: of one
address at one name, and of all addresses at one name (a higher bound, so that a stranger who guesses does not
keep the owner out). A session that proves its own password is counted by itself. A name that does not exist
is treated in every respect like one that does.
"""

import hashlib
import secrets
from typing import Any, Final
from uuid import UUID

from relay.database import transaction
from relay.http.calls import Call
from relay.identity import accounts
from relay.identity.accounts import Account
from relay.services import NodeServices
from schema.limits import FAILED_LOGINS, FAILED_LOGINS_PER_NAME
from schema.refusals import Refusal

SUBJECT_BYTES: Final = 16


Counted = tuple[tuple[str, str], ...]
"""The limits that an attempt counts by, each with its subject."""


def of_log_in(username: str, address: str) -> Counted:
    """An attempt to log in."""
    name = username.lower()
    return (FAILED_LOGINS, _subject(name, address)), (FAILED_LOGINS_PER_NAME, _subject(name))


def of_session(session_id: UUID) -> Counted:
    """An attempt of somebody who is logged in."""
    return ((FAILED_LOGINS, _subject("session", str(session_id))),)


async def own_account(call: Call[Any]) -> Account:
    """The caller's account. Raises Refusal unauthorized when it was deleted."""
    async with transaction(call.services.database) as connection:
        account = await accounts.by_id(connection, call.user_id)
    if account is None:
        raise Refusal("unauthorized", "The account is gone.")
    return account


async def prove(services: NodeServices, counted: Counted, account: Account | None, password: str) -> None:
    """Returns when `password` is the account's.

    Raises Refusal bad_credentials, rate_limited (too many failed) or unavailable.
    """
    attempt = secrets.token_hex(8)
    admitted: list[tuple[str, str]] = []
    try:
        for name, subject in counted:
            await services.limits.admit(name, subject, id=attempt)
            admitted.append((name, subject))
        fits = await services.passwords.verify(password, account and account.password_hash)
    except Refusal:
        await _forgive(services, admitted, attempt)
        raise
    if not fits:
        raise Refusal("bad_credentials")
    await _forgive(services, admitted, attempt)


async def _forgive(services: NodeServices, admitted: list[tuple[str, str]], attempt: str) -> None:
    for name, subject in admitted:
        await services.limits.forgive(name, subject, id=attempt)


def _subject(*parts: str) -> str:
    """Neither names nor addresses lie on the board."""
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=SUBJECT_BYTES).hexdigest()
