"""Origins: which pages may talk to this relay from a browser.

Invariant: only pages that this relay serves itself, the native shells, and what the operator named.
Nothing is inferred from forwarding headers.
"""

from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

NATIVE: Final = ("capacitor://localhost", "https://localhost", "http://localhost")
"""The origins of Capacitor's web views (iOS; Android; Android without TLS)."""

_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


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
    if scheme not in _DEFAULT_PORTS or not urlsplit(origin).hostname:
        return False
    port = _DEFAULT_PORTS[scheme]
    return authority.lower().removesuffix(port) == host.lower().removesuffix(port)
