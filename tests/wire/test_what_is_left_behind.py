"""What a host could find afterwards: nothing secret in any log, no password or token in any file."""

import json
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import socketio

from tests.support.people import PASSWORD, Person
from tests.support.stack import Stack
from tests.wire.conftest import Party

CANARY = b"canary-ciphertext-4f1d2c"
ADDRESS = "127.0.0.9"
"""A client's own address; only Linux has the whole of 127/8 without being asked."""


def shapes(secret: str | bytes) -> list[bytes]:
    """A secret as it could have been written down."""
    data = secret.encode() if isinstance(secret, str) else secret
    return [
        data,
        b64encode(data).rstrip(b"="),
        data.hex().encode(),
        json.dumps(data.decode("latin1")).encode()[1:-1],
    ]


async def eventful_life(party: Party) -> tuple[Person, Person, list[str]]:
    """Everything that might be logged: success, refusal, malformed input. The tokens that were used."""
    anna, bela = await party.person(prekeys=3), await party.person(prekeys=3)
    tokens = [person.session[kind] for person in (anna, bela) for kind in ("access_token", "refresh_token")]
    at_anna, at_bela = await party.line(anna), await party.line(bela)
    assert (await at_anna.send(bela, CANARY))["ok"]
    assert await at_bela.until_bodies(1) == [CANARY]
    assert not (await at_anna.call("send", {"id": CANARY, "to": anna.username}))["ok"]
    assert not (await at_anna.call("auth.refresh", {"token": tokens[1]}))["ok"]
    for name, password in ((anna.username, "wrong " + PASSWORD), ("nobody_here", PASSWORD)):
        refused = await anna.call("POST", "/v1/sessions", {"username": name, "password": password})
        assert refused.status == 401
    if sys.platform == "linux":
        connector = aiohttp.TCPConnector(local_addr=(ADDRESS, 0))
        async with (
            aiohttp.ClientSession(connector=connector) as elsewhere,
            elsewhere.post(f"{anna.url}/v1/sessions", json={"username": "x", "password": "y"}) as reply,
        ):
            assert reply.status == 401
    await anna.call("GET", f"/v1/bundles/{bela.username}/{bela.fingerprint}")
    await anna.call("GET", f"/v1/contacts/{bela.username}/AAAAAAAA")
    await anna.call("PUT", "/v1/keys", {**anna.keys(), "identity_key": 5})
    await anna.call("POST", "/v1/accounts", {"username": anna.username, "password": PASSWORD})
    with pytest.raises(socketio.exceptions.ConnectionError):
        await party.unopened(anna).open(tokens[1])
    refreshed = await anna.call("POST", "/v1/sessions/refresh", {"refresh_token": tokens[1]})
    tokens += [refreshed.body["access_token"], refreshed.body["refresh_token"]]
    return anna, bela, tokens


async def test_no_log_has_a_payload_a_token_a_password_or_a_name(party: Party, stack: Stack) -> None:
    anna, bela, tokens = await eventful_life(party)
    logs = stack.logs()
    assert {"node-0", "projector", "pusher", "log", "board", "postgres"} <= set(logs)
    for name, text in logs.items():
        for secret in (CANARY, PASSWORD, anna.username, bela.username, *tokens, ADDRESS):
            for shape in shapes(secret):
                assert shape not in text.encode(), f"{name}.log has {secret!r}"


async def test_no_file_of_the_servers_has_a_password_or_a_token(party: Party, stack: Stack) -> None:
    _, _, tokens = await eventful_life(party)
    own: Any = [path for part in ("log", "board", "postgres") for path in (stack.data / part).rglob("*")]
    files: list[Path] = [path for path in own if path.is_file()]
    assert len(files) > 100
    secrets = [PASSWORD.encode(), *(token.encode() for token in tokens)]
    for path in files:
        content = path.read_bytes()
        for secret in secrets:
            assert secret not in content, f"{path} has a secret"


async def test_a_body_that_was_acknowledged_leaves_no_row(party: Party, stack: Stack, database: Any) -> None:
    anna, bela = await party.person(), await party.person()
    at_anna, at_bela = await party.line(anna), await party.line(bela)
    assert (await at_anna.send(bela, str(uuid4()).encode()))["ok"]
    await at_bela.until_bodies(1)
    await at_bela.call("ack", {"upto": 1})
    await database.until(
        "SELECT count(*) FROM mailboxes WHERE user_id = %s AND cursor = 1 AND head = 1", (bela.user_id,), 1
    )
    assert await database.one("SELECT count(*) FROM envelopes WHERE user_id = %s", (bela.user_id,)) == 0
