"""Health and readiness, and what calls answer while a server is away."""

import asyncio
from typing import Any

import aiohttp
import pytest
from msgspec import structs

from relay.log.projection import until_visible
from schema import keys, tasks
from schema.limits import READINESS
from schema.settings import Settings
from tests.servers import Servers
from tests.support.people import PASSWORD, Person, Reply
from tests.support.relay import Relay, relay
from tests.support.stack import frozen
from tests.support.until import until


async def _ready(node: Relay) -> tuple[int, list[str]]:
    reply = await node.stranger().call("GET", "/readyz")
    assert reply.body["ok"] is (reply.status == 200)
    return reply.status, reply.body["down"]


async def test_a_node_with_everything_is_healthy_and_ready(node: Relay) -> None:
    assert await _ready(node) == (200, [])
    reply = await node.stranger().call("GET", "/healthz")
    assert (reply.status, reply.body) == (200, {"ok": True, "down": []})
    for path in ("/healthz", "/readyz", "/openapi.json"):
        async with aiohttp.request("HEAD", f"{node.url}{path}") as head:
            assert (head.status, await head.read()) == (200, b"")


@pytest.mark.parametrize(("server", "name"), [("log", "log"), ("board", "board"), ("postgres", "database")])
async def test_a_server_that_is_away_is_named_and_its_return_is_noticed(
    node: Relay, servers: Servers, server: str, name: str
) -> None:
    servers.kill(server)
    assert (await node.stranger().call("GET", "/healthz")).status == 200
    status, down = await _ready(node)
    assert (status, name in down) == (503, True)
    servers.revive()
    if server == "board":
        settings = node.services.settings
        from tests.support.relay import install_policy

        await until(node.services.board.ping)
        await install_policy(node.services.board, settings)

    async def is_ready() -> bool:
        return (await _ready(node))[0] == 200

    assert await until(is_ready, seconds=30)


async def test_a_node_without_limits_is_not_ready(settings: Settings) -> None:
    async with relay(settings) as node:
        await node.services.board.delete(keys.POLICY)
        node.services.limits.policy._rows.clear()
        assert await _ready(node) == (503, ["limits"])


async def test_a_log_that_can_lose_messages_is_said_as_long_as_it_is_used(settings: Settings) -> None:
    async with relay(settings, log_faults=("appendfsync is everysec",)) as node:
        reply = await node.stranger().call("GET", "/readyz")
        assert reply.status == 200
        assert reply.body == {"ok": True, "down": [], "log_unsafe": ["appendfsync is everysec"]}


async def test_a_log_that_fills_is_a_warning_before_sends_are_refused(settings: Settings) -> None:
    async with relay(settings, warning=lambda: "It fills.") as node:
        reply = await node.stranger().call("GET", "/readyz")
        assert (reply.status, reply.body) == (200, {"ok": True, "down": [], "warning": "It fills."})


async def test_a_node_that_drains_is_not_ready(settings: Settings) -> None:
    async with relay(settings, draining=lambda: True) as node:
        assert await _ready(node) == (503, ["draining"])


async def test_readiness_is_looked_at_once_however_often_it_is_asked(
    node: Relay, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.readiness.REMEMBERED_SECONDS", 3600.0)

    async def pings() -> int:
        return int(
            (await node.services.board.info("commandstats")).get("cmdstat_ping", {"calls": 0})["calls"]
        )

    before = await pings()
    assert await asyncio.gather(*(_ready(node) for _ in range(20))) == [(200, [])] * 20
    assert await pings() == before + 1
    servers.kill("board")
    assert (await _ready(node))[0] == 200
    monkeypatch.setattr("relay.readiness.REMEMBERED_SECONDS", 0.0)
    assert (await _ready(node))[0] == 503


async def test_readiness_is_told_to_one_address_only_so_often(
    node: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.readiness.READINESS", structs.replace(READINESS, count=3))
    caller = node.stranger()
    replies = [await caller.call("GET", "/readyz") for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    assert replies[-1].body["code"] == "rate_limited"
    assert replies[-1].body["retry_after_ms"] > 0


async def test_with_the_database_away_calls_are_unavailable_and_then_work_again(
    node: Relay, servers: Servers
) -> None:
    ada = await node.person()
    servers.kill("postgres")
    for method, path, body in (
        ("GET", "/v1/sessions", None),
        ("GET", "/v1/keys", None),
        ("POST", "/v1/sessions", {"username": ada.username, "password": PASSWORD}),
        ("POST", "/v1/sessions/refresh", {"refresh_token": ada.session["refresh_token"]}),
    ):
        reply = await ada.call(method, path, body)
        assert (reply.status, reply.body["code"]) == (503, "unavailable")
        assert "Retry-After" in reply.headers
    servers.revive()

    async def works() -> bool:
        return (await ada.call("GET", "/v1/sessions")).status == 200

    assert await until(works, seconds=30)


@pytest.mark.parametrize("becomes", ["standby", "read_only"])
async def test_a_database_that_takes_no_writes_any_more_is_unavailable_until_it_takes_them(
    node: Relay, servers: Servers, becomes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.database.AWAY_SECONDS", 0.3)
    ada = await node.person()
    refresh = {"refresh_token": ada.session["refresh_token"]}
    with getattr(servers, becomes)():
        reply = await until(lambda: _refused(ada, "POST", "/v1/sessions/refresh", refresh))
        assert (reply.status, reply.body["code"]) == (503, "unavailable")
        assert "Retry-After" in reply.headers
        assert "database" in (await _ready(node))[1]

    async def works() -> bool:
        return (await ada.call("POST", "/v1/sessions/refresh", refresh)).status == 200

    assert await until(works, seconds=30)


async def _refused(person: Person, method: str, path: str, body: Any) -> Reply | None:
    """The reply, if it is none of success."""
    reply = await person.call(method, path, body)
    return reply if reply.status >= 300 else None


async def test_with_the_log_away_keys_cannot_be_published_and_the_same_call_works_later(
    node: Relay, servers: Servers
) -> None:
    ada = await node.stranger().register()
    body = ada.keys(prekeys=3)
    servers.kill("log")
    reply = await ada.call("PUT", "/v1/keys", body)
    assert (reply.status, reply.body["code"]) == (503, "unavailable")
    assert (await ada.call("GET", "/v1/sessions")).status == 200
    servers.revive()


async def test_with_the_board_away_what_is_limited_is_refused_and_the_rest_works(
    node: Relay, servers: Servers
) -> None:
    ada = await node.person()
    servers.kill("board")
    limited = await ada.call("GET", f"/v1/contacts/{ada.username}/{ada.fingerprint}")
    assert (limited.status, limited.body["code"]) == (503, "unavailable")
    log_in = await ada.call("POST", "/v1/sessions", {"username": ada.username, "password": PASSWORD})
    assert (log_in.status, log_in.body["code"]) == (503, "unavailable")
    assert (await ada.call("GET", "/v1/keys")).status == 200


async def test_without_a_projector_publishing_is_recorded_and_may_be_repeated(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(until_visible.__kwdefaults__, "seconds", 0.3)
    async with relay(settings, projector=False) as node:
        ada = await node.stranger().register()
        body = ada.keys(prekeys=3)
        reply = await ada.call("PUT", "/v1/keys", body)
        assert (reply.status, reply.body["code"]) == (503, "unavailable")
        assert "recorded" in reply.body["detail"]
        from tests.support.naive_projector import NaiveProjector

        assert settings.log_url
        assert settings.database_url
        projector = NaiveProjector(settings.log_url, settings.database_url, settings.partitions)
        task = asyncio.create_task(projector.run())
        monkeypatch.setitem(until_visible.__kwdefaults__, "seconds", 30.0)
        assert (await ada.call("PUT", "/v1/keys", body)).status == 200
        assert (await ada.call("GET", "/v1/keys")).body["available"] == 3
        from schema import tasks

        await tasks.end([task])


async def test_a_log_that_stalls_keeps_nobody_from_calls_that_need_the_database_only(
    node: Relay, servers: Servers
) -> None:
    ada = await node.person()
    writers = [await node.person() for _ in range(2)]
    with frozen(servers.pid("log")):
        publishing = [asyncio.create_task(writer.publish()) for writer in writers for _ in range(6)]
        held = node.services.waiting_database
        await until(lambda: held.get_stats().get("requests_waiting", 0) > 0)
        assert (await ada.call("GET", "/v1/sessions")).status == 200
    await tasks.end(publishing)
