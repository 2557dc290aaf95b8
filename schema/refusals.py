"""Refusals: every error a client can see, raised where it is found, translated once at the edge.

Over HTTP a refusal becomes an RFC 9457 problem document, over the socket `{ok: false, error}`.
"""

from typing import Any, Final

import msgspec


class RefusalKind(msgspec.Struct, frozen=True):
    """A code of the wire contract with its HTTP status and title."""

    code: str
    status: int
    title: str


_ROWS: Final = (
    RefusalKind("invalid", 422, "The request is not valid"),
    RefusalKind("username_taken", 409, "That user name is taken"),
    RefusalKind("bad_credentials", 401, "User name or password is wrong"),
    RefusalKind("unauthorized", 401, "A valid access token is needed"),
    RefusalKind("token_expired", 401, "The token has expired"),
    RefusalKind("token_reused", 401, "The refresh token was used before; the session has ended"),
    RefusalKind("rate_limited", 429, "Too many requests"),
    RefusalKind("not_found", 404, "Not found"),
    RefusalKind("method_not_allowed", 405, "This method is not allowed here"),
    RefusalKind("identity_conflict", 409, "The account has another identity key"),
    RefusalKind("identity_changed", 409, "The identity key has changed"),
    RefusalKind("bad_signature", 422, "A prekey's signature is wrong"),
    RefusalKind("device_inactive", 403, "This device is not active"),
    RefusalKind("device_mismatch", 409, "The devices have changed"),
    RefusalKind("mailbox_full", 409, "A mailbox is full"),
    RefusalKind("too_large", 413, "Too large"),
    RefusalKind("storage_full", 413, "No room for further files"),
    RefusalKind("conflict", 412, "Somebody else changed it"),
    RefusalKind("offset_mismatch", 409, "The upload continues elsewhere"),
    RefusalKind("unavailable", 503, "Not available right now"),
    RefusalKind("internal", 500, "Something went wrong on the server"),
)
KINDS: Final = {row.code: row for row in _ROWS}


class Refusal(Exception):
    """A typed refusal: `code` is a row of KINDS, `detail` a sentence for a person, `retry_after_ms`
    where waiting helps, `status` where HTTP has one that fits better than the code's own, `extra` the
    further members the contract names for the code."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        retry_after_ms: int | None = None,
        status: int | None = None,
        **extra: Any,
    ) -> None:
        self.kind = KINDS[code]
        self.code = code
        self.status = status or self.kind.status
        self.detail = detail or self.kind.title
        self.retry_after_ms = retry_after_ms
        self.extra = extra
        super().__init__(f"{code}: {self.detail}")

    def members(self) -> dict[str, Any]:
        """`retry_after_ms` and the extra members, as both edges send them."""
        waiting = {} if self.retry_after_ms is None else {"retry_after_ms": self.retry_after_ms}
        return {**waiting, **self.extra}


def invalid(path: str, detail: str) -> Refusal:
    """The refusal of a field: `path` names it, as `$.envelopes[0].body`."""
    return Refusal("invalid", detail, path=path)
