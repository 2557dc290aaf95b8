"""Access tokens: JWT (RFC 7519, profile RFC 9068), EdDSA and nothing else, fifteen minutes.

Invariant: only our own key set signs, and only what it signed is believed: `alg`, `typ`, `kid`, `iss`,
`aud` and `exp` are all checked, and a token of a login session that has ended is refused.
"""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import jwt
import msgspec

from relay.auth.keyset import TOKEN_LIFE_MS, Keyset
from relay.auth.revocation import Revocation
from schema.clock import now_ms
from schema.refusals import Refusal

ALGORITHM: Final = "EdDSA"
TYPE: Final = "at+jwt"
ISSUER: Final = "sealstream"
AUDIENCE: Final = "sealstream"
TOKEN_BYTES: Final = 4096


class Claims(msgspec.Struct, frozen=True):
    """Whose token it is; `expires_at` in ms since the epoch."""

    user_id: UUID
    device_id: int
    session_id: UUID
    expires_at: int


class _Payload(msgspec.Struct, frozen=True):
    """The claims as they stand in the token."""

    sub: UUID
    sid: UUID
    device_id: int
    exp: int


class AccessTokens:
    """Issues and verifies. `life_ms` and `now` are arguments for tests."""

    def __init__(
        self,
        keyset: Keyset,
        revocation: Revocation,
        *,
        life_ms: int = TOKEN_LIFE_MS,
        now: Callable[[], int] = now_ms,
    ) -> None:
        self._keyset = keyset
        self._revocation = revocation
        self._life_ms = life_ms
        self._now = now

    def issue(self, user_id: UUID, device_id: int, session_id: UUID) -> tuple[str, int]:
        """A token and when it expires (ms)."""
        kid, key = self._keyset.signing()
        now = self._now()
        expires = (now + self._life_ms) // 1000
        payload = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "sid": str(session_id),
            "device_id": device_id,
            "iat": now // 1000,
            "exp": expires,
        }
        token = jwt.encode(payload, key, algorithm=ALGORITHM, headers={"typ": TYPE, "kid": kid})
        return token, expires * 1000

    async def verify(self, token: str) -> Claims:
        """Whose token it is. Raises Refusal unauthorized or token_expired, or the database's errors."""
        payload = await self._payload(token)
        if payload.exp * 1000 <= self._now():
            raise Refusal("token_expired", "The access token has expired.")
        if self._revocation.is_ended(payload.sid) is not None:
            raise Refusal("unauthorized", "The session has ended.")
        return Claims(payload.sub, payload.device_id, payload.sid, payload.exp * 1000)

    async def _payload(self, token: str) -> _Payload:
        try:
            header = self._header(token)
            key = await self._keyset.verifying(header["kid"])
            if key is None:
                raise _unauthorized()
            options: Any = {
                "require": ["iss", "aud", "sub", "exp"],
                "verify_exp": False,  # by our own clock, above
                "verify_iat": False,  # the clocks of nodes differ a little
            }
            claims = jwt.decode(token, key, [ALGORITHM], options, audience=AUDIENCE, issuer=ISSUER)
            return msgspec.convert(claims, _Payload)
        except (jwt.InvalidTokenError, msgspec.ValidationError) as error:
            raise _unauthorized() from error

    def _header(self, token: str) -> dict[str, Any]:
        if len(token) > TOKEN_BYTES or not token.isascii():
            raise _unauthorized()
        header = jwt.get_unverified_header(token)
        if header.get("alg") != ALGORITHM or header.get("typ") != TYPE or "crit" in header:
            raise _unauthorized()
        if not isinstance(header.get("kid"), str):
            raise _unauthorized()
        return header


def _unauthorized() -> Refusal:
    return Refusal("unauthorized", "The access token is not valid.")
