"""The edge around the calls: problem documents, headers, origins, bodies, addresses."""

import asyncio
import gzip
import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from prometheus_client import generate_latest

from relay.http.headers import CONTENT_SECURITY_POLICY
from relay.http.table import ROUTES
from schema.settings import Settings
from tests.support.people import PASSWORD
from tests.support.relay import Relay, make_settings, relay

JSON = {"Content-Type": "application/json"}


async def _post(node: Relay, body: bytes, headers: dict[str, str] = JSON) -> tuple[int, dict[str, Any]]:
    async with (
        ClientSession() as http,
        http.post(
            f"{node.url}/v1/accounts", data=body, headers=headers, skip_auto_headers=["Content-Type"]
        ) as r,
    ):
        assert r.headers["Content-Type"] == "application/problem+json"
        return r.status, await r.json(content_type=None)


NOT_JSON = [b"", b"{", b"\xff\xfe", b"null", b"[" * 60_000, b'{"username": "\\ud800", "password": ""}']


async def test_a_body_that_is_not_json_is_invalid(node: Relay) -> None:
    for body in NOT_JSON:
        status, problem = await _post(node, body)
        assert (status, problem["code"], problem["path"]) == (422, "invalid", "$")
        assert set(problem) == {"type", "title", "status", "detail", "code", "path"}


async def test_another_content_type_is_invalid(node: Relay) -> None:
    body = json.dumps({"username": "ada", "password": PASSWORD}).encode()
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""]:
        status, problem = await _post(node, body, {"Content-Type": kind} if kind else {})
        assert (status, problem["code"]) == (422, "invalid")


async def test_a_body_over_64_kib_is_too_large(node: Relay) -> None:
    status, problem = await _post(node, b" " * 65_537)
    assert (status, problem["code"]) == (413, "too_large")


async def test_threat_25_a_compressed_body_is_refused_and_never_inflated(node: Relay) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 64 * 1024
    for encoding in ("gzip", "deflate", "br", "GZIP", "identity, gzip"):
        status, problem = await _post(node, bomb, {**JSON, "Content-Encoding": encoding})
        assert (status, problem["code"]) == (422, "invalid")


AMBIGUOUS = [
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: +5",
    "Content-Length: -1",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "Bad Header: x",
    "X-Long: " + "x" * 20_000,
]


async def test_threat_25_requests_that_two_parsers_could_read_differently_are_refused(node: Relay) -> None:
    for head in AMBIGUOUS:
        host, port = node.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        request = f"POST /v1/accounts HTTP/1.1\r\nHost: {host}\r\n{head}\r\n\r\n0\r\n\r\n"
        writer.write(request.encode())
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await writer.wait_closed()
        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
        assert answer.count(b"HTTP/1.") == 1


async def test_unknown_members_are_ignored(node: Relay) -> None:
    body = {"username": "ada", "password": PASSWORD, "of_a_newer_client": [1]}
    assert (await node.stranger().call("POST", "/v1/accounts", body)).status == 201


async def test_an_unknown_place_is_not_found(node: Relay) -> None:
    for method, path in product(
        ("GET", "POST"), ["/v1", "/v1/", "/v1/users", "/v1/accounts/ada", "/v2/accounts", "/x.js"]
    ):
        reply = await node.stranger().call(method, path)
        assert (reply.status, reply.body["code"]) == (404, "not_found")
        assert reply.headers["Content-Type"] == "application/problem+json"


async def test_another_method_is_not_allowed_and_the_right_ones_are_told(node: Relay) -> None:
    reply = await node.stranger().call("PATCH", "/v1/accounts")
    assert (reply.status, reply.body["code"], reply.headers["Allow"]) == (405, "method_not_allowed", "POST")


HEADERS = (None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer nonsense", "Bearer a.b.c")
PLACES = {
    "session_id": "0",
    "device_id": "1",
    "username": "ada",
    "fingerprint": "AAAAAAAA",
    "blob_id": "A" * 43,
    "link_id": "A" * 43,
}


async def test_calls_of_ones_own_need_a_token(node: Relay) -> None:
    asked = [route for route in ROUTES if route.access]
    assert len(asked) == 18
    async with ClientSession() as http:
        for route, header in product(asked, HEADERS):
            url = node.url + route.path.format(**PLACES)
            headers = {} if header is None else {"Authorization": header}
            async with http.request(route.method, url, headers=headers, json={}) as response:
                assert response.status == 401, (route, header)
                if route.method != "HEAD":
                    assert (await response.json(content_type=None))["code"] == "unauthorized"
                assert response.headers["WWW-Authenticate"] == "Bearer"


async def test_every_answer_carries_the_security_headers(node: Relay) -> None:
    for path in ["/", "/v1/accounts", "/healthz", "/nowhere.js", "/openapi.json"]:
        headers = (await node.stranger().call("GET", path, headers={"Accept": "text/html"})).headers
        assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=(self)" in headers["Permissions-Policy"]
        assert headers["Server"] == "sealstream"


def test_threat_8_the_policy_allows_no_inline_code_no_eval_and_no_foreign_place() -> None:
    assert "'unsafe-inline'" not in CONTENT_SECURITY_POLICY
    assert "'unsafe-eval'" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'")


PREFLIGHT = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization"}


@pytest.fixture
async def listed(log_url: str, board_url: str, database_url: str, tmp_path: Path) -> Any:
    settings = make_settings(
        log_url, board_url, database_url, tmp_path, SEALSTREAM_ORIGINS="https://chat.example"
    )
    async with relay(settings) as running:
        yield running


LISTED = ["https://chat.example", "capacitor://localhost", "https://localhost", "http://localhost"]


async def test_listed_origins_may_call_from_a_page(listed: Relay) -> None:
    for origin in LISTED:
        ada = listed.stranger()
        before = await ada.call("OPTIONS", "/v1/keys", headers={"Origin": origin, **PREFLIGHT})
        assert before.status == 204
        assert before.headers["Access-Control-Allow-Origin"] == origin
        assert "PUT" in before.headers["Access-Control-Allow-Methods"]
        assert "PATCH" in before.headers["Access-Control-Allow-Methods"]
        for name in ("Authorization", "Upload-Offset", "Tus-Resumable", "Range"):
            assert name in before.headers["Access-Control-Allow-Headers"]
        call = await ada.call("GET", "/v1/keys", headers={"Origin": origin})
        assert call.headers["Access-Control-Allow-Origin"] == origin
        assert {"Location", "Upload-Offset"} <= set(call.headers["Access-Control-Expose-Headers"].split(", "))
        assert "Origin" in call.headers["Vary"]


FOREIGN = ["https://evil.example", "null", "https://chat.example.evil", ""]


async def test_other_origins_get_no_permission(listed: Relay) -> None:
    for origin in FOREIGN:
        ada = listed.stranger()
        for method, more in (("OPTIONS", PREFLIGHT), ("GET", {})):
            reply = await ada.call(method, "/v1/keys", headers={"Origin": origin, **more})
            assert not [name for name in reply.headers if name.lower().startswith("access-control")]


async def test_threat_24_a_forged_forwarding_header_changes_nothing(
    log_url: str, board_url: str, database_url: str, tmp_path: Path
) -> None:
    few = {"SEALSTREAM_REGISTRATIONS_PER_HOUR": "2"}
    settings: Settings = make_settings(log_url, board_url, database_url, tmp_path, **few)
    async with relay(settings) as node:
        statuses = []
        for number in range(4):
            body = {"username": f"ada{number}", "password": PASSWORD}
            headers = {"X-Forwarded-For": f"192.0.2.{number}", "Forwarded": f"for=192.0.2.{number}"}
            reply = await node.stranger().call("POST", "/v1/accounts", body, headers=headers)
            statuses.append(reply.status)
        assert statuses == [201, 201, 429, 429]


async def test_behind_a_trusted_proxy_the_address_it_saw_counts(
    log_url: str, board_url: str, database_url: str, tmp_path: Path
) -> None:
    few = {"SEALSTREAM_REGISTRATIONS_PER_HOUR": "1", "SEALSTREAM_TRUSTED_PROXIES": "127.0.0.0/8"}
    settings = make_settings(log_url, board_url, database_url, tmp_path, **few)
    async with relay(settings) as node:
        statuses = []
        for number, seen in enumerate(["192.0.2.1", "192.0.2.2", "192.0.2.1", "203.0.113.9, 192.0.2.2"]):
            body = {"username": f"ada{number}", "password": PASSWORD}
            reply = await node.stranger().call(
                "POST", "/v1/accounts", body, headers={"X-Forwarded-For": seen}
            )
            statuses.append(reply.status)
        assert statuses == [201, 201, 429, 429]


async def test_a_bug_is_a_500_without_its_words(node: Relay, capsys: Any, monkeypatch: Any) -> None:
    async def broken(*_: Any) -> None:
        raise ZeroDivisionError("a secret word")

    monkeypatch.setattr(type(node.services.limits), "admit", broken)
    reply = await node.stranger().call("POST", "/v1/accounts", {"username": "ada", "password": PASSWORD})
    assert (reply.status, reply.body["code"]) == (500, "internal")
    assert "secret" not in json.dumps(reply.body)
    assert "http_bug" in capsys.readouterr().out


async def test_a_call_that_takes_too_long_is_unavailable(node: Relay, monkeypatch: Any) -> None:
    async def endless(*_: Any, **__: Any) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr("relay.http.calls.CALL_SECONDS", 0.1)
    monkeypatch.setattr(type(node.services.limits), "admit", endless)
    reply = await node.stranger().call("POST", "/v1/accounts", {"username": "ada", "password": PASSWORD})
    assert (reply.status, reply.body["code"], reply.headers["Retry-After"]) == (503, "unavailable", "1")


async def test_calls_are_measured_by_their_pattern_never_by_their_path(node: Relay) -> None:
    ada = await node.person()
    await ada.call("GET", f"/v1/contacts/{ada.username}/{ada.fingerprint}")
    exposed = generate_latest().decode()
    assert 'call="GET /v1/contacts/{username}/{fingerprint}",status="200"' in exposed
    assert ada.username not in exposed
