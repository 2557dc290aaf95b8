"""Coming in and being sent away."""

import asyncio
import time
from typing import Any

import aiohttp
import jwt
import msgpack
import pytest
import socketio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.people import Line
from tests.support.stack import Stack
from tests.wire.conftest import Party


async def refused(line: Line, token: str | None = None) -> Any:
    """The `data` of the connect_error."""
    with pytest.raises(socketio.exceptions.ConnectionError):
        await line.open(token)
    return line.refusal["data"]


async def test_without_a_good_token_nobody_comes_in(party: Party) -> None:
    anna = await party.person()
    for token in ("nonsense", "a.b.c", anna.session["refresh_token"]):
        assert (await refused(party.unopened(anna), token))["code"] == "unauthorized"


async def test_tokens_of_another_making_are_refused(party: Party) -> None:
    anna = await party.person()
    genuine = anna.session["access_token"]
    claims = jwt.decode(genuine, options={"verify_signature": False})
    header = {name: value for name, value in jwt.get_unverified_header(genuine).items() if name != "alg"}
    forged = [
        jwt.encode(claims, None, algorithm="none", headers=header),
        jwt.encode(claims, "s" * 64, algorithm="HS256", headers=header),
        jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers=header),
        jwt.encode(
            claims, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers={**header, "kid": "elsewhere"}
        ),
    ]
    for token in forged:
        assert (await refused(party.unopened(anna), token))["code"] == "unauthorized"


async def test_a_device_without_keys_is_inactive(party: Party) -> None:
    stranger = await party.stranger().register()
    assert (await refused(party.unopened(stranger)))["code"] == "device_inactive"


async def test_a_newer_socket_of_the_device_ends_the_older(party: Party) -> None:
    anna = await party.person()
    older = await party.line(anna)
    newer = await party.line(anna)
    assert await older.until_event("session.ended") == {"reason": "replaced"}
    await older.until_event("disconnect")
    assert (await newer.call("ack", {"upto": 0}))["ok"]


async def test_the_eleventh_connection_in_a_minute_is_told_when_to_come_again(party: Party) -> None:
    anna = await party.person()
    for _ in range(10):
        line = await party.line(anna)
        await line.close()
    data = await refused(party.unopened(anna))
    assert data["code"] == "rate_limited"
    assert 0 < data["retry_after_ms"] <= 60_000


async def test_threat_22_a_foreign_origin_is_kept_out_with_and_without_forwarding_headers(
    party: Party,
) -> None:
    anna = await party.person()
    own = anna.url.removeprefix("http://")
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
        {"Origin": "null"},
    ):
        with pytest.raises(socketio.exceptions.ConnectionError):
            await party.unopened(anna, **headers).open()
    line = await party.unopened(anna, Origin=f"http://{own}").open()
    assert (await line.call("ack", {"upto": 0}))["ok"]
    line = await party.unopened(anna, Origin="capacitor://localhost").open()
    assert (await line.call("ack", {"upto": 0}))["ok"]


async def test_threat_22_a_token_in_the_address_is_not_believed(party: Party) -> None:
    anna = await party.person()
    line = party.unopened(anna, f"{anna.url}?token={anna.session['access_token']}")
    with pytest.raises(socketio.exceptions.ConnectionError):
        await line.open(token="nothing")
    assert line.refusal["data"]["code"] == "unauthorized"


class Bare:
    """A WebSocket below Socket.IO."""

    def __init__(self, url: str) -> None:
        self.url = url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"


@pytest.fixture
async def bare(stack: Stack) -> Any:
    async with aiohttp.ClientSession() as http, http.ws_connect(Bare(stack.url()).url, max_msg_size=0) as ws:
        assert (await ws.receive_str()).startswith('0{"sid"')
        yield ws


async def closed_within(ws: Any, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            async for _ in ws:
                pass
    except TimeoutError:
        return False
    return True


async def test_threat_23_who_only_answers_pings_is_dropped_after_five_seconds(bare: Any) -> None:
    started = time.monotonic()
    await bare.send_str("3")
    assert await closed_within(bare, 9)
    assert time.monotonic() - started > 3.5


@pytest.mark.parametrize(
    "frame",
    [
        b"\xc1 not MessagePack",
        msgpack.packb({"type": 2, "data": ["send", {}], "nsp": "/", "id": 1}),
        msgpack.packb(
            {"type": 5, "data": ["x", {"_placeholder": True, "num": 0}], "nsp": "/", "attachments": 1}
        ),
        "4plain text packet",
        "6",
        b"x" * (1024 * 1024 + 1),
    ],
    ids=["garbage", "event before CONNECT", "binary event", "text", "noop", "over the frame cap"],
)
async def test_what_is_not_the_protocol_ends_the_connection(bare: Any, frame: bytes | str) -> None:
    await (bare.send_bytes(frame) if isinstance(frame, bytes) else bare.send_str(frame))
    assert await closed_within(bare, 3)


@pytest.mark.parametrize("token", ["bad", "x" * 6_000, ""], ids=["nonsense", "far too long", "empty"])
async def test_a_refused_socket_is_dropped_by_the_server(bare: Any, token: str) -> None:
    await bare.send_bytes(msgpack.packb({"type": 0, "data": {"token": token}, "nsp": "/"}))
    answer = msgpack.unpackb((await bare.receive()).data)
    assert answer["type"] == 4
    assert answer["data"]["data"]["code"] == "unauthorized"
    assert await closed_within(bare, 3)


async def test_threat_23_who_takes_leave_does_not_keep_the_connection(party: Party, bare: Any) -> None:
    anna = await party.person()
    await bare.send_bytes(
        msgpack.packb({"type": 0, "data": {"token": anna.session["access_token"]}, "nsp": "/"})
    )
    assert msgpack.unpackb((await bare.receive()).data)["type"] == 0
    await bare.send_bytes(msgpack.packb({"type": 1, "nsp": "/"}))
    assert await closed_within(bare, 5)


async def test_a_second_connect_ends_the_connection(party: Party, bare: Any) -> None:
    anna = await party.person()
    connect = msgpack.packb({"type": 0, "data": {"token": anna.session["access_token"]}, "nsp": "/"})
    await bare.send_bytes(connect)
    assert msgpack.unpackb((await bare.receive()).data)["type"] == 0
    await bare.send_bytes(connect)
    assert await closed_within(bare, 3)


@pytest.mark.parametrize(
    "query", ["EIO=3&transport=websocket", "EIO=4&transport=polling", "EIO=4&transport=websocket&sid=x"]
)
async def test_long_polling_and_older_protocols_are_refused(stack: Stack, query: str) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{stack.url()}/socket.io/?{query}") as response:
        assert (response.status, (await response.json(content_type=None))["code"]) == (400, "invalid")
        assert response.content_type == "application/problem+json"


async def test_threat_25_frames_are_never_compressed(stack: Stack) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(Bare(stack.url()).url, compress=15) as ws:
        assert ws.compress == 0
