"""The node's HTTP application: the table's calls, the published contract, the client, and the edge around
them."""

import functools
import time
from typing import Final

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from relay import metrics
from relay.http import headers, problems
from relay.http.calls import BODY_BYTES, endpoint
from relay.http.client_files import ClientFiles
from relay.http.openapi import document
from relay.http.peer import Peers
from relay.http.table import ROUTES
from relay.services import NodeServices

_CALLS: Final = frozenset(route.path for route in ROUTES)


def build_app(services: NodeServices, peers: Peers) -> web.Application:
    """The application, not yet started."""
    settings = services.settings
    client, contract = ClientFiles(settings.client_dir), _contract()

    @web.middleware
    async def edge(request: web.Request, handler: Handler) -> web.StreamResponse:
        if headers.is_preflight(request):
            return headers.preflight(request, settings.origins)
        if isinstance(request.match_info.http_exception, web.HTTPNotFound):
            found = client.response(request)
            if found is not None:
                return found
        began = time.perf_counter()
        answer = await problems.answered(handler, request)
        _measure(request, answer.status, time.perf_counter() - began)
        return answer

    async def openapi(_: web.Request) -> web.Response:
        return web.Response(body=contract, content_type="application/json")

    app = web.Application(middlewares=[edge], client_max_size=BODY_BYTES)
    app.on_response_prepare.append(headers.on_prepare(settings.origins))
    for route in ROUTES:
        handler = endpoint(route, services, peers)
        app.router.add_route(route.method, route.path, handler)
        if route.method == "GET" and not route.access and not route.raw:
            app.router.add_route("HEAD", route.path, handler)  # as monitors ask
    app.router.add_get("/openapi.json", openapi)
    return app


@functools.cache
def _contract() -> bytes:
    return msgspec.json.encode(document(ROUTES))


def _measure(request: web.Request, status: int, seconds: float) -> None:
    """Counts a call of the contract under its pattern (a path may hold names), sockets and files not."""
    resource = request.match_info.route.resource
    if resource is not None and resource.canonical in _CALLS:
        call = f"{request.method} {resource.canonical}"
        metrics.HTTP_SECONDS.labels(call, str(status)).observe(seconds)
