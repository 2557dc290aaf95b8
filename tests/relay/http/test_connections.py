"""Connections: what is not HTTP is a problem document, and nothing stays open by being slow."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import ClientSession, web

from relay.admission.room import Room
from relay.http import connections
from relay.http.app import build_app
from relay.http.headers import CONTENT_SECURITY_POLICY
from relay.http.peer import Peers
from relay.http.problems import answered
from tests.support.relay import ROOM, make_settings, serve

HEAD = "POST /v1/accounts HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"


class Raw:
    """A TCP connection to the node, spoken to byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, text: str | bytes) -> None:
        self.writer.write(text.encode() if isinstance(text, str) else text)
        await self.writer.drain()

    async def all(self) -> bytes:
        """Everything until the node closes, also what came before a reset."""
        said = b""
        async with asyncio.timeout(10):
            with contextlib.suppress(ConnectionResetError):
                while part := await self.reader.read(65536):
                    said += part
        return said

    async def drip(self, text: str) -> bytes:
        """Says one byte after the other until the node closes; everything it said."""
        ended = asyncio.create_task(self.all())
        for letter in text:
            if ended.done() or self.writer.is_closing():
                break
            self.writer.write(letter.encode())
            await asyncio.sleep(0.05)
        return await ended


@asynccontextmanager
async def serving(folder: Path, room: Room = ROOM) -> AsyncIterator[str]:
    """The address of a node whose servers nobody needs here; `folder` holds its client."""
    settings = make_settings("", "", "", folder, SEALSTREAM_CLIENT_DIR=str(folder))
    services: Any = SimpleNamespace(settings=settings)
    async with AsyncExitStack() as stack:
        yield await serve(stack, build_app(services, Peers(services.settings.trusted_proxies)), room)


@asynccontextmanager
async def raw(url: str) -> AsyncIterator[Raw]:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()


def problem(answer: bytes) -> dict[str, Any]:
    """The problem document of the only answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert answer.count(b"HTTP/1.") == 1
    assert b"Content-Type: application/problem+json" in head
    assert CONTENT_SECURITY_POLICY.encode() in head
    document: dict[str, Any] = json.loads(body)
    assert head.split(b" ")[1].decode() == str(document["status"])
    return document


MALFORMED = {
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n",
    "no path": b"GET\r\n\r\n",
    "another protocol": b"GET / SIP/2.0\r\n\r\n",
    "a bad header": b"GET / HTTP/1.1\r\nHost: here\r\nBad Name: x\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\nHost: here\r\n folded: x\r\n\r\n",
    "too long a line": b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n",
    "too long a header": b"GET / HTTP/1.1\r\nHost: here\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
    "too many headers": b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 2_000 + b"\r\n",
    "bad chunks": f"{HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n".encode(),
    "chunks that go bad": f"{HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n-1\r\n".encode(),
    "two lengths": f"{HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}".encode(),
}


async def test_threat_25_what_is_not_http_is_a_problem_document(tmp_path: Path, capsys: Any) -> None:
    async with serving(tmp_path) as url:
        for name, request in MALFORMED.items():
            async with raw(url) as connection:
                await connection.say(request)
                found = problem(await connection.all())
            assert (found["code"], found["status"]) == ("invalid", 400), name
    assert "127.0.0.1" not in capsys.readouterr().out


async def test_an_expectation_that_nobody_knows_is_a_problem_document(tmp_path: Path) -> None:
    async with serving(tmp_path) as url, raw(url) as connection:
        await connection.say(f"{HEAD}Content-Length: 2\r\nExpect: miracles\r\nConnection: close\r\n\r\n{{}}")
        assert problem(await connection.all())["code"] == "invalid"


async def test_a_body_that_ends_early_is_nobodys_bug(tmp_path: Path, capsys: Any) -> None:
    async with serving(tmp_path) as url, raw(url) as connection:
        await connection.say(f"{HEAD}Content-Length: 20\r\n\r\n{{}}")
        connection.writer.write_eof()
        await connection.all()
    assert "http_bug" not in capsys.readouterr().out


async def test_a_client_that_goes_away_is_nobodys_bug(capsys: Any) -> None:
    async def reset(_: web.Request) -> web.StreamResponse:
        raise ConnectionResetError

    request: Any = None
    with pytest.raises(ConnectionResetError):
        await answered(reset, request)
    assert "http_bug" not in capsys.readouterr().out


async def test_threat_23_a_connection_that_says_nothing_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    async with serving(tmp_path) as url, raw(url) as connection:
        assert await connection.all() == b""


async def test_threat_23_a_head_that_comes_byte_by_byte_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    slow = f"GET /healthz HTTP/1.1\r\nX: {'x' * 400}"
    async with serving(tmp_path) as url, raw(url) as connection:
        assert await connection.drip(slow) == b"", "the first one"
    async with serving(tmp_path) as url, raw(url) as connection:
        await connection.say("GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
        answer = await connection.drip(slow)
        assert answer.count(b"HTTP/1.1 200") == 1, "a later one on the same connection"


async def test_threat_23_a_connection_that_idles_between_requests_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.3)
    async with serving(tmp_path) as url, raw(url) as connection:
        await connection.say("GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
        assert (await connection.all()).startswith(b"HTTP/1.1 200")


async def test_threat_12_a_body_that_trickles_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.http.calls.BODY_SECONDS", 0.3)
    async with serving(tmp_path) as url, raw(url) as connection:
        await connection.say(f"{HEAD}Connection: close\r\nContent-Length: 1000\r\n\r\n")
        found = problem(await connection.drip(" " * 200))
    assert (found["code"], found["status"]) == ("invalid", 408)


async def test_threat_12_a_body_that_nobody_reads_does_not_hold_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LEFTOVER_SECONDS", 0.3)
    async with serving(tmp_path) as url, raw(url) as connection:
        await connection.say("POST /v1/nowhere HTTP/1.1\r\nHost: here\r\nContent-Length: 1000\r\n\r\n")
        assert problem(await connection.drip(" " * 200))["code"] == "not_found"


async def test_threat_12_an_answer_that_is_not_taken_does_not_hold_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "EXCHANGE_SECONDS", 0.5)
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    async with serving(tmp_path) as url, raw(url) as connection:
        connection.writer.transport.pause_reading()
        await connection.say("GET /large.bin HTTP/1.1\r\nHost: here\r\n\r\n")
        await asyncio.sleep(1.5)
        connection.writer.transport.resume_reading()
        assert 0 < len(await connection.all()) < 64 * 1024 * 1024


async def test_a_socket_is_not_bound_by_the_times_of_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_SECONDS", "EXCHANGE_SECONDS", "IDLE_SECONDS"):
        monkeypatch.setattr(connections, name, 0.2)

    async def echo(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket

    app = web.Application()
    app.router.add_get("/", echo)
    async with AsyncExitStack() as stack:
        url = await serve(stack, app)
        http = await stack.enter_async_context(ClientSession())
        socket = await stack.enter_async_context(http.ws_connect(url))
        for _ in range(4):
            await asyncio.sleep(0.2)
            await socket.send_str("still there")
            assert await socket.receive_str(timeout=5) == "still there"
