"""More connections than there is room for: one that waits makes room, else the new one is refused."""

from pathlib import Path

import pytest

from relay.admission.room import Room
from tests.relay.http.test_connections import HEAD, problem, raw, serving

ROOM = Room(calls=3, unauthenticated=1, unauthenticated_per_address=1, live=1)
ASKING = "GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"


async def test_threat_23_idle_connections_keep_nobodys_call_out(tmp_path: Path) -> None:
    async with serving(tmp_path, ROOM) as url, raw(url) as oldest, raw(url) as second, raw(url):
        async with raw(url) as newest:
            await newest.say(ASKING)
            assert (await newest.all()).startswith(b"HTTP/1.1 200")
        assert await oldest.all() == b""
        await second.say(ASKING)
        assert (await second.all()).startswith(b"HTTP/1.1 200")


@pytest.mark.uvloop  # whose transports are no subclasses of asyncio's
async def test_threat_23_a_connection_beyond_those_at_work_is_refused_in_words(tmp_path: Path) -> None:
    async with serving(tmp_path, ROOM) as url, raw(url) as first, raw(url) as second, raw(url) as third:
        for busy in (first, second, third):
            await busy.say(f"{HEAD}Content-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
            assert b"100 Continue" in await busy.reader.readuntil(b"\r\n\r\n")
        async with raw(url) as refused:
            found = problem(await refused.all())
        assert (found["code"], found["status"]) == ("unavailable", 503)
        assert found["retry_after_ms"]
        await first.say("{}")
        assert problem(await first.all())["code"] == "invalid"
        async with raw(url) as later:
            await later.say(ASKING)
            assert (await later.all()).startswith(b"HTTP/1.1 200")
