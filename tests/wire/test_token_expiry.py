"""A socket lives as long as its token, and no longer; a newer token lengthens it."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from ops.addresses import address
from ops.embedded import postgres, valkey
from ops.embedded.layout import layout
from schema.roles import NODE
from tests.support.lone_node import LoneNode
from tests.support.stack import Stack
from tests.wire.conftest import Party

LIFE_SECONDS = 5


@pytest.fixture
async def brief(stack: Stack) -> AsyncIterator[Party]:
    """People at a node whose tokens live for seconds."""
    places = layout(stack.data)
    settings = {
        **stack.settings,
        "SEALSTREAM_LOG_URL": address(valkey.LOG, places, NODE),
        "SEALSTREAM_BOARD_URL": address(valkey.BOARD, places, NODE),
        "SEALSTREAM_DATABASE_URL": address(postgres.NAME, places, NODE),
        "SEALSTREAM_DATA": str(stack.data),
    }
    async with LoneNode({"relay.bootstrap.TOKEN_LIFE_MS": 1000 * LIFE_SECONDS}, **settings) as node:
        party = Party(node.url)
        yield party
        await party.close()


async def test_threat_21_an_expired_token_closes_its_socket_within_five_seconds(brief: Party) -> None:
    anna = await brief.person()
    began = time.monotonic()
    line = await brief.line(anna)
    assert await line.until_event("session.ended") == {"reason": "token_expired"}
    await line.until_event("disconnect")
    assert LIFE_SECONDS - 2 < time.monotonic() - began < LIFE_SECONDS + 5


async def test_a_socket_with_a_newer_token_outlives_the_older(brief: Party) -> None:
    anna = await brief.person()
    line = await brief.line(anna)
    await asyncio.sleep(LIFE_SECONDS / 2)
    reply = await anna.call("POST", "/v1/sessions/refresh", {"refresh_token": anna.session["refresh_token"]})
    assert await line.call("auth.refresh", {"token": reply.body["access_token"]}) == {"ok": True}
    await asyncio.sleep(LIFE_SECONDS / 2 + 1.5)
    assert (await line.call("ack", {"upto": 0}))["ok"]
    assert await line.until_event("session.ended") == {"reason": "token_expired"}
