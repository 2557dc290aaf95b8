"""Grants: an old device's word that a new one may log in.

Invariant: a grant is used once, by the first caller, within two minutes; and only while the session that gave
it lives and the password is what it was. The board has its SHA-256.
"""

import secrets
from hashlib import sha256
from typing import Any, Final, NamedTuple
from uuid import UUID

from schema import functions, keys
from schema.clock import now_ms

LIFE_MS: Final = 120_000
_DIGEST: Final = 32
"""Hexadecimal digits of the digest of the password's hash."""


class Granted(NamedTuple):
    """Whose device may log in, by which session's word; `password` names the password that was proven."""

    user_id: UUID
    session_id: UUID
    password: str

    def fits(self, password_hash: str) -> bool:
        """Whether that is still the account's password."""
        return self.password == _digest(password_hash)


async def issue(board: Any, user: UUID, session: UUID, password_hash: str) -> tuple[str, int]:
    """A grant, and when it ends (ms)."""
    grant, expires = secrets.token_urlsafe(32), now_ms() + LIFE_MS
    await board.set(_key(grant), f"{user} {session} {_digest(password_hash)}", px=LIFE_MS)
    return grant, expires


async def use(board: Any, grant: str) -> Granted | None:
    """Takes the grant out; None when there is none (any more)."""
    value = await functions.call(board, "relay", "take_grant", [_key(grant)], [])
    if value is None:
        return None
    user, session, password = value.decode().split()
    return Granted(UUID(user), UUID(session), password)


def _key(grant: str) -> str:
    return keys.grant(sha256(grant.encode()).hexdigest())


def _digest(password_hash: str) -> str:
    return sha256(password_hash.encode()).hexdigest()[:_DIGEST]
