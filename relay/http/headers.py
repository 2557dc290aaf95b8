"""Headers of every answer (security policy, CORS for listed origins), and which origins are allowed.

Invariant: a page may talk to this relay from a browser only if this relay serves it, a native shell does,
or the operator named its origin. Nothing is inferred from forwarding headers.
"""

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

NATIVE: Final = ("capacitor://localhost", "https://localhost", "http://localhost")
"""The origins of Capacitor's web views (iOS; Android; Android without TLS)."""
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; font-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ALWAYS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=()",
    "Server": "sealstream",
}
PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match, If-None-Match, If-Range, Range, "
    "Tus-Resumable, Upload-Length, Upload-Metadata, Upload-Offset",
    "Access-Control-Max-Age": "600",
}
EXPOSED: Final = (
    "Content-Range, ETag, Location, Retry-After, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, "
    "Upload-Expires, Upload-Length, Upload-Offset"
)
Prepare = Callable[[web.Request, web.StreamResponse], Awaitable[None]]


def is_listed(origin: str, origins: tuple[str, ...]) -> bool:
    """Whether the operator or the native shells brought this origin: it gets CORS answers."""
    return origin in origins or origin in NATIVE


def origin_allowed(request: web.Request, origins: tuple[str, ...]) -> bool:
    """Whether a request with this Origin may open a socket; without one it is not from a page."""
    origin = request.headers.get("Origin")
    return origin is None or is_listed(origin, origins) or _is_own(origin, request.host)


def _is_own(origin: str, host: str) -> bool:
    """Whether the page came from the host that it now talks to."""
    scheme, _, authority = origin.partition("://")
    try:
        if scheme not in _DEFAULT_PORTS or not urlsplit(origin).hostname:
            return False
    except ValueError:
        return False  # no browser sends it: brackets that do not close, letters that are no host's
    port = _DEFAULT_PORTS[scheme]
    return authority.lower().removesuffix(port) == host.lower().removesuffix(port)


def on_prepare(origins: tuple[str, ...]) -> Prepare:
    """The signal handler that completes every answer's headers."""

    async def complete(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(ALWAYS)
        response.headers.setdefault("Cache-Control", "no-store")
        origin = request.headers.get("Origin")
        response.headers.add("Vary", "Origin")
        if origin is not None and is_listed(origin, origins):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = EXPOSED

    return complete


def is_preflight(request: web.Request) -> bool:
    """Whether a browser asks beforehand if a page may make a call."""
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def preflight(request: web.Request, origins: tuple[str, ...]) -> web.Response:
    """The answer to a preflight; a foreign origin gets one that permits nothing."""
    listed = is_listed(request.headers.get("Origin", ""), origins)
    return web.Response(status=204, headers=PREFLIGHT if listed else None)
