"""The built web client, served by the node itself.

Invariant: nothing outside the client's folder is served; files whose names carry a hash may be kept for
ever, everything else is asked for again.
"""

import mimetypes
from pathlib import Path
from typing import Final

from aiohttp import web

BESIDE_THE_PACKAGE: Final = Path(__file__).resolve().parents[2] / "client-web" / "dist"
HASHED: Final = "assets"
"""The folder whose file names carry a hash of their contents."""
RELAYS_OWN: Final = ("/v1/", "/socket.io/", "/healthz", "/readyz", "/openapi")
TYPES: Final = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
NOT_BUILT: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Sealstream</title>
<h1>The relay runs; its web client has not been built.</h1>
<p>Build it with <code>make run</code>, or with <code>npm ci</code> and <code>npm run build</code> in
the folder <code>client-web</code>, or set <code>SEALSTREAM_CLIENT_DIR</code> to a built client; then load
this page again.</p>
</html>
"""


class ClientFiles:
    """The files in `folder` (None: the ones built beside the package)."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = (folder or BESIDE_THE_PACKAGE).resolve()

    def response(self, request: web.Request) -> web.StreamResponse | None:
        """The file for a path of the client's, the page itself for a place inside it, else None."""
        if request.method not in ("GET", "HEAD") or request.path.startswith(RELAYS_OWN):
            return None
        path = self._file(request.path)
        if path is not None:
            return _sent(path, is_hashed=path.relative_to(self._folder).parts[0] == HASHED)
        if not _is_navigation(request):
            return None
        index = self._folder / "index.html"
        if not index.is_file():
            return web.Response(text=NOT_BUILT, content_type="text/html")
        return _sent(index, is_hashed=False)

    def _file(self, path: str) -> Path | None:
        try:
            found = (self._folder / path.lstrip("/")).resolve()
            return found if found.is_relative_to(self._folder) and found.is_file() else None
        except (OSError, ValueError):
            return None  # a name that no file can have: too long, or with a zero in it


def _is_navigation(request: web.Request) -> bool:
    """Whether a person opens a place of the client's (a missing script must not become a page). The first
    page is one for everybody: monitors and the like ask for it without saying what they can read."""
    if request.path == "/":
        return True
    return "." not in request.path.rpartition("/")[2] and "text/html" in request.headers.get("Accept", "")


def _sent(path: Path, *, is_hashed: bool) -> web.FileResponse:
    kept = "public, max-age=31536000, immutable" if is_hashed else "no-cache"
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    response = web.FileResponse(path, headers={"Cache-Control": kept})
    response.content_type = kind
    if kind.startswith("text/"):
        response.charset = "utf-8"
    return response
