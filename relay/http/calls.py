"""One call of the HTTP contract: a row of the table, and what its handler gets."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec
import structlog
from aiohttp import web

from relay.auth import login_sessions
from relay.auth.tokens import Claims
from relay.database import transaction
from relay.http import problems
from relay.http.peer import Peers
from relay.services import NodeServices
from schema.refusals import Refusal, invalid

log = structlog.get_logger(__name__)

B = TypeVar("B")
T = TypeVar("T")

BODY_BYTES: Final = 64 * 1024
BODY_SECONDS: Final = 10.0
"""A body that trickles in more slowly is refused."""
CALL_SECONDS: Final = 10.0
"""A call that takes longer, its body read, is answered `unavailable`: a server behind it does not answer."""


@dataclass(frozen=True)
class Call(Generic[B]):
    """What a handler works with. `address` is what limits count by."""

    services: NodeServices
    body: B
    path: dict[str, str]
    query: dict[str, str]
    address: str
    bearer: Claims | None
    headers: Mapping[str, str]
    is_gone: Callable[[], bool]
    """Whether the caller closed the connection: nobody hears the answer."""

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
    """An answer with headers, or with another status than the row's first."""

    status: int
    value: Any
    headers: Mapping[str, str] = field(default_factory=dict)


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
    raw: bool = False
    """The handler gets the request as its body and answers with a response; it bounds its own time."""
    headers: tuple[tuple[str, str], ...] = ()
    """Of the request, with what they say."""
    seconds: float = CALL_SECONDS
    media: str | None = None
    """Of a raw call's body."""
    always: Mapping[str, str] = field(default_factory=dict)
    """Headers of every answer of a raw call, refusals too."""
    invalid_statuses: tuple[int, ...] = ()
    """With which `invalid` may be answered beside its own."""


_cancelled: Final[set["asyncio.Task[Any]"]] = set()
"""Handlers that were cut off and are still ending."""


def endpoint(
    route: Route, services: NodeServices, peers: Peers
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The row as an aiohttp handler."""

    async def raw(request: web.Request) -> web.StreamResponse:
        if not route.always:
            return await answer_raw(request)
        answer = await problems.answered(answer_raw, request)
        answer.headers.update(route.always)
        return answer

    async def answer_raw(request: web.Request) -> web.StreamResponse:
        bearer = await _within(CALL_SECONDS, _bearer(request, services)) if route.access else None
        path, query = dict(request.match_info), dict(request.query)
        answer: web.StreamResponse = await route.handler(
            Call(
                services, request, path, query, peers.subject(request), bearer, request.headers,
                partial(_is_gone, request),
            )
        )  # fmt: skip
        return answer

    if route.raw:
        return raw

    async def handled(request: web.Request, data: bytes) -> Any:
        bearer = await _bearer(request, services) if route.access else None
        body = _body(request, data, route.body) if route.body else None
        call = Call(
            services, body, dict(request.match_info), dict(request.query), peers.subject(request), bearer,
            request.headers, partial(_is_gone, request),
        )  # fmt: skip
        return await route.handler(call)

    async def run(request: web.Request) -> web.Response:
        data = await _read(request) if route.body else b""
        result = await _within(route.seconds, handled(request, data))
        answer = result if isinstance(result, Answer) else Answer(route.statuses[0], result)
        if route.answer is None or answer.status == 304:
            return web.Response(status=answer.status, headers=answer.headers)
        data = msgspec.json.encode(answer.value)
        return web.Response(
            status=answer.status, body=data, content_type="application/json", headers=answer.headers
        )

    return run


async def _bearer(request: web.Request, services: NodeServices) -> Claims:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refusal("unauthorized", "This call needs an access token.")
    claims = await services.tokens.verify(token.strip())
    async with transaction(services.database) as connection:
        if not await login_sessions.is_live(connection, claims.session_id):
            raise Refusal("unauthorized", "The session has ended.")
    return claims


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


async def _within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`. Raises TimeoutError after `seconds`; what is cancelled then is not waited for."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
            _cancelled.add(task)
            task.add_done_callback(_forget)
    if not task.done():
        raise TimeoutError
    return task.result()


def _forget(task: "asyncio.Task[Any]") -> None:
    _cancelled.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.info("cut_off_call_failed", error=type(error).__name__)


async def _read(request: web.Request) -> bytes:
    """The body, not longer than BODY_BYTES. Raises Refusal invalid when it comes too slowly, or not whole."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError as error:
        raise Refusal("invalid", "The body came too slowly.", status=408) from error
    except ConnectionError as error:
        raise Refusal("invalid", "The connection ended within the body.", status=400) from error


def _body(request: web.Request, data: bytes, shape: type[B]) -> B:
    if request.content_type != "application/json":
        raise invalid("$", "The body must be application/json.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise invalid("$", "The body must not be compressed.")
    try:
        return msgspec.json.decode(data, type=shape)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        raise invalid(path.rstrip("`") or "$", message) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid("$", "The body is not JSON.") from error
