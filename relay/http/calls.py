"""One call of the HTTP contract: a row of the table, and what its handler gets."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec
from aiohttp import web

from relay.auth import login_sessions
from relay.auth.tokens import Claims
from relay.database import transaction
from relay.http.peer import Peers
from relay.parts import Parts
from schema.refusals import Refusal, invalid

B = TypeVar("B")

BODY_BYTES: Final = 64 * 1024
CALL_SECONDS: Final = 15.0
"""A call that takes longer is answered `unavailable`: a server behind it does not answer."""


@dataclass(frozen=True)
class Call(Generic[B]):
    """What a handler works with. `address` is what limits count by."""

    parts: Parts
    body: B
    path: dict[str, str]
    query: dict[str, str]
    address: str
    bearer: Claims | None

    @property
    def claims(self) -> Claims:
        """Whose call it is; only in calls that need an access token."""
        assert self.bearer is not None
        return self.bearer

    @property
    def user_id(self) -> UUID:
        """The asking user."""
        return self.claims.user_id

    @property
    def device_id(self) -> int:
        """The asking device."""
        return self.claims.device_id


@dataclass(frozen=True)
class Answer:
    """An answer with another status than the row's first."""

    status: int
    value: Any


@dataclass(frozen=True)
class Route:
    """A row: `path` in aiohttp's form, `body` and `answer` wire types (None: none), the `codes` of its own
    refusals; `access`: it needs an access token."""

    method: str
    path: str
    handler: Callable[[Call[Any]], Awaitable[Any]]
    body: type[Any] | None = None
    answer: Any = None
    statuses: tuple[int, ...] = (200,)
    codes: tuple[str, ...] = ()
    access: bool = True
    query: tuple[tuple[str, str], ...] = ()


def endpoint(route: Route, parts: Parts, peers: Peers) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The row as an aiohttp handler."""

    async def run(request: web.Request) -> web.Response:
        async with asyncio.timeout(CALL_SECONDS):
            bearer = await _bearer(request, parts) if route.access else None
            body = await _body(request, route.body) if route.body else None
            call = Call(
                parts, body, dict(request.match_info), dict(request.query), peers.subject(request), bearer
            )
            result = await route.handler(call)
        answer = result if isinstance(result, Answer) else Answer(route.statuses[0], result)
        if route.answer is None:
            return web.Response(status=answer.status)
        data = msgspec.json.encode(answer.value)
        return web.Response(status=answer.status, body=data, content_type="application/json")

    return run


async def _bearer(request: web.Request, parts: Parts) -> Claims:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refusal("unauthorized", "This call needs an access token.")
    claims = await parts.tokens.verify(token.strip())
    async with transaction(parts.database) as connection:
        if not await login_sessions.is_live(connection, claims.session_id):
            raise Refusal("unauthorized", "The session has ended.")
    return claims


async def _body(request: web.Request, shape: type[B]) -> B:
    if request.content_type != "application/json":
        raise invalid("$", "The body must be application/json.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise invalid("$", "The body must not be compressed.")
    data = await request.read()
    try:
        return msgspec.json.decode(data, type=shape)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        raise invalid(path.rstrip("`") or "$", message) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid("$", "The body is not JSON.") from error
