"""Problems: refusals as RFC 9457 documents, translated here and nowhere else.

A server that is away is `unavailable`. Anything unforeseen is a bug: `internal` for the client, a stack
trace in the log.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog
from aiohttp import web
from psycopg.errors import InsufficientPrivilege
from redis.exceptions import ResponseError

from relay import metrics
from schema.failures import NO_ANSWER, lacking
from schema.refusals import Refusal
from schema.storage import StoreAway
from schema.wire_http import Problem

log = structlog.get_logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def problem_type(code: str) -> str:
    """The URI that names a kind of problem."""
    return f"urn:sealstream:problem:{code}"


def response(refusal: Refusal) -> web.Response:
    """The problem document of a refusal."""
    metrics.REFUSALS.labels(refusal.code, "http").inc()
    kind = refusal.kind
    problem = Problem(problem_type(kind.code), kind.title, refusal.status, refusal.detail, kind.code)
    document: dict[str, Any] = {**msgspec.to_builtins(problem), **refusal.members()}
    headers = {}
    if refusal.retry_after_ms is not None:
        headers["Retry-After"] = str(-(-refusal.retry_after_ms // 1000))
    if refusal.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return web.Response(
        status=refusal.status, body=msgspec.json.encode(document), content_type=MEDIA_TYPE, headers=headers
    )


async def answered(handler: Handler, request: web.Request) -> web.StreamResponse:
    """The handler's answer, or the problem document of whatever it raised.

    Raises ConnectionError where another answer is under way, which cuts the connection: a problem would be
    read as the rest of that answer.
    """
    answer = await _answered(handler, request)
    if not answer.prepared and request.writer.output_size > 0:
        log.warning("answer_cut", status=answer.status)
        raise ConnectionError("another answer is under way")
    return answer


async def _answered(handler: Handler, request: web.Request) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refusal as refusal:
        return response(refusal)
    except web.HTTPException as error:
        return _of_http(error)
    except web.RequestPayloadError:
        return response(Refusal("invalid", "The body is not well-formed HTTP.", status=400))
    except (*NO_ANSWER, StoreAway) as error:
        log.warning("server_away", error=type(error).__name__)
        return response(Refusal("unavailable", "A server that is needed is away.", retry_after_ms=1000))
    except ResponseError as error:
        # Out of memory, loading, read-only: the log or board answers, but cannot take it now.
        log.warning("server_refused", reason=lacking(error) or str(error).split(" ", 1)[0])
        return response(Refusal("unavailable", "A server that is needed refuses.", retry_after_ms=1000))
    except InsufficientPrivilege as error:
        log.error("right_missing", reason=lacking(error))  # noqa: TRY400 - the sentence is enough
        return response(Refusal("unavailable", "A server that is needed refuses.", retry_after_ms=1000))
    except ConnectionError:
        raise  # the client went away: aiohttp lets it
    except Exception:
        log.exception("http_bug")
        return response(Refusal("internal"))


def _of_http(error: web.HTTPException) -> web.StreamResponse:
    if isinstance(error, web.HTTPMethodNotAllowed):
        refused = response(
            Refusal("method_not_allowed", f"Allowed: {', '.join(sorted(error.allowed_methods))}.")
        )
        refused.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return refused
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return response(Refusal("too_large", "The body is too large."))
    if isinstance(error, web.HTTPNotFound):
        return response(Refusal("not_found", "There is nothing here."))
    if 400 <= error.status < 500:
        return response(Refusal("invalid", "The request is malformed."))
    return error
