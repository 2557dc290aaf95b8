"""The node's HTTP application: the table's calls, the published contract, the client, and the edge around
them."""

from typing import Final

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from relay.http import headers, problems
from relay.http.calls import BODY_BYTES, endpoint
from relay.http.client_files import ClientFiles
from relay.http.openapi import document
from relay.http.peer import Peers
from relay.http.table import ROUTES
from relay.parts import Parts

SERVER_OPTIONS: Final = {"auto_decompress": False}
"""For the runner: compressed bodies are refused, so nothing may inflate them first."""


def build_app(parts: Parts) -> web.Application:
    """The application, not yet started. Raises BadSetting (trusted proxies)."""
    settings = parts.settings
    client = ClientFiles(settings.client_dir)
    contract = msgspec.json.encode(document(ROUTES))

    @web.middleware
    async def edge(request: web.Request, handler: Handler) -> web.StreamResponse:
        if headers.is_preflight(request):
            return headers.preflight(request, settings.origins)
        if isinstance(request.match_info.http_exception, web.HTTPNotFound):
            found = client.response(request)
            if found is not None:
                return found
        return await problems.answered(handler, request)

    async def openapi(_: web.Request) -> web.Response:
        return web.Response(body=contract, content_type="application/json")

    app = web.Application(middlewares=[edge], client_max_size=BODY_BYTES)
    app.on_response_prepare.append(headers.on_prepare(settings.origins))
    peers = Peers(settings.trusted_proxies)
    for route in ROUTES:
        app.router.add_route(route.method, route.path, endpoint(route, parts, peers))
    app.router.add_get("/openapi.json", openapi, allow_head=False)
    return app
