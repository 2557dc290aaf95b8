"""The built client: served with the right kinds and lifetimes, and nothing beside it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import ClientSession

from relay.http.app import build_app
from relay.http.peer import Peers
from tests.support.relay import make_settings, serve


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html><title>the client</title>")
    (dist / "assets" / "app-Ab12.js").write_text("export {}")
    (dist / "assets" / "zxing-9f.wasm").write_bytes(b"\0asm")
    (dist / "manifest.webmanifest").write_text("{}")
    (dist / "sw.js").write_text("self")
    (dist / "favicon.svg").write_text("<svg/>")
    (tmp_path / "secret.key").write_text("secret")
    return dist


class Site:
    """A node that serves that folder (no call of the contract is made here)."""

    def __init__(self, url: str, http: ClientSession) -> None:
        self.url = url
        self.http = http

    async def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
        async with self.http.request(method, self.url + path, headers=headers) as response:
            return response.status, response.headers, await response.read()


async def _site(stack: AsyncExitStack, dist: Path) -> Site:
    settings = make_settings("", "", "", dist.parent, SEALSTREAM_CLIENT_DIR=str(dist))
    services: Any = SimpleNamespace(settings=settings)
    return Site(
        await serve(stack, build_app(services, Peers(services.settings.trusted_proxies))),
        await stack.enter_async_context(ClientSession()),
    )


@pytest.fixture
async def site(folder: Path) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        yield await _site(stack, folder)


@pytest.mark.parametrize(
    ("path", "kind", "kept"),
    [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/index.html", "text/html; charset=utf-8", "no-cache"),
        ("/sw.js", "text/javascript; charset=utf-8", "no-cache"),
        ("/favicon.svg", "image/svg+xml", "no-cache"),
        ("/manifest.webmanifest", "application/manifest+json", "no-cache"),
        ("/assets/app-Ab12.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/assets/zxing-9f.wasm", "application/wasm", "public, max-age=31536000, immutable"),
    ],
)
async def test_files_have_their_kind_and_lifetime(site: Site, path: str, kind: str, kept: str) -> None:
    status, headers, _ = await site.get(path, Accept="text/html")
    assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, kind, kept)


@pytest.mark.parametrize("headers", [{"Accept": "*/*"}, {"Accept": ""}, {"Accept": "application/json"}])
async def test_the_first_page_is_there_for_who_does_not_ask_for_html(
    site: Site, headers: dict[str, str]
) -> None:
    for method in ("GET", "HEAD"):
        status, found, _ = await site.get("/", method, **headers)
        assert (status, found["Content-Type"]) == (200, "text/html; charset=utf-8")
    status, found, _ = await site.get("/nowhere", **headers)
    assert (status, found["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("path", ["/chat/123", "/settings", "/add/@ada"])
async def test_a_place_inside_the_client_is_the_page(site: Site, path: str) -> None:
    status, headers, body = await site.get(path, Accept="text/html,*/*")
    assert (status, b"the client" in body) == (200, True)
    assert headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/assets/gone-77.js", "text/html"),
        ("/chat/123", "application/json"),
        ("/v1/nothing", "text/html"),
        ("/socket.io/nothing", "text/html"),
        ("/assets", "*/*"),
        ("/assets/", "*/*"),
        ("/" + 300 * "a", "*/*"),
        ("/assets/" + "x/" * 3000, "*/*"),
    ],
)
async def test_what_is_neither_a_file_nor_a_place_is_not_found(site: Site, path: str, accept: str) -> None:
    status, headers, _ = await site.get(path, Accept=accept)
    assert (status, headers["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.key",
        "/assets/../../secret.key",
        "/%2e%2e/secret.key",
        "/..%2fsecret.key",
        "//secret.key",
        "/assets/%2e%2e/%2e%2e/secret.key",
        "/..\\secret.key",
        "/link/secret.key",
        "/secret.link",
        "/%00",
        "/index.html%00.js",
    ],
)
async def test_nothing_outside_the_folder_is_served(site: Site, folder: Path, path: str) -> None:
    (folder / "link").symlink_to(folder.parent)
    (folder / "secret.link").symlink_to(folder.parent / "secret.key")
    host, port = site.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert b"secret\n" not in answer.partition(b"\r\n\r\n")[2]
    assert not answer.endswith(b"\r\n\r\nsecret")
    assert answer.split(b" ")[1] in (b"404", b"400")


async def test_a_file_that_is_unchanged_is_not_sent_again(site: Site) -> None:
    _, headers, _ = await site.get("/sw.js")
    status, _, body = await site.get("/sw.js", **{"If-None-Match": headers["ETag"]})
    assert (status, body) == (304, b"")


async def test_head_has_no_body_and_post_is_not_found(site: Site) -> None:
    assert (await site.get("/sw.js", "HEAD"))[::2] == (200, b"")
    assert (await site.get("/sw.js", "POST"))[0] == 404


async def test_without_a_built_client_the_page_says_what_to_do(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        site = await _site(stack, tmp_path / "nothing")
        status, headers, body = await site.get("/", Accept="text/html")
        assert status == 200
        assert headers["Content-Type"].startswith("text/html")
        assert b"make run" in body
        assert b"style=" not in body
        assert (await site.get("/sw.js"))[0] == 404
