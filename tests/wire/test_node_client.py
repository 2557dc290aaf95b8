"""The wire as Node's socket.io-client speaks it."""

import asyncio
import json
import shutil
from base64 import b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.support.people import Person, text64
from tests.wire.conftest import Party

SCRIPT = Path(__file__).with_name("node_client.mjs")
INSTALLED = Path(__file__).parents[2] / "client-web" / "node_modules" / "socket.io-client"

pytestmark = pytest.mark.skipif(
    not INSTALLED.exists(), reason="client-web's packages are not installed (npm ci)"
)


class NodeLine:
    """One socket.io-client in a Node process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[dict[str, Any]] = []

    async def order(self, **fields: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(fields).encode() + b"\n")
        await self.process.stdin.drain()

    async def until(self, what: str) -> Any:
        """The value of the next thing of that name."""
        assert self.process.stdout is not None
        async with asyncio.timeout(15):
            while True:
                said = json.loads(await self.process.stdout.readline())
                self.said.append(said)
                if said["what"] == what:
                    return said["value"]


@pytest.fixture
async def node() -> AsyncIterator[NodeLine]:
    program = shutil.which("node")
    assert program is not None
    process = await asyncio.create_subprocess_exec(
        program, str(SCRIPT), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    line = NodeLine(process)
    yield line
    await line.order(stop=True)
    await process.wait()


def sending(to: Person, body: bytes) -> dict[str, Any]:
    envelopes = [{**envelope, "body": text64(envelope["body"])} for envelope in to.envelopes(body)]
    return {"id": str(uuid4()), "to": to.user_id, "envelopes": envelopes}


async def test_it_sends_and_receives_bytes_unchanged(party: Party, node: NodeLine) -> None:
    anna, bela = await party.person(), await party.person()
    everything = bytes(range(256))
    await node.order(url=anna.url, token=anna.session["access_token"])
    await node.until("connect")
    assert (await node.until("caught_up"))["head"] == 0
    at_bela = await party.line(bela)
    await node.order(send=sending(bela, everything))
    answer = await node.until("sent")
    assert (answer["ok"], answer["accepted"]) == (True, [{"device_id": bela.device_id, "seq": 1}])
    assert await at_bela.until_bodies(1) == [everything]
    assert (await at_bela.send(anna, everything))["ok"]
    (envelope,) = await node.until("envelopes")
    assert b64decode(envelope["body"]) == everything
    assert envelope["from"] == {"user_id": bela.user_id, "device_id": bela.device_id}
    assert await node.until("acked") == {"ok": True}


async def test_its_byte_arrays_are_bytes_and_its_dates_are_refused_with_their_path(
    party: Party, node: NodeLine
) -> None:
    anna, bela = await party.person(), await party.person()
    await node.order(url=anna.url, token=anna.session["access_token"])
    await node.until("caught_up")
    everything = bytes(range(256))
    await node.order(send=sending(bela, everything), as_array=True)
    assert (await node.until("sent"))["ok"]
    assert await (await party.line(bela)).until_bodies(1) == [everything]
    await node.order(dated=True)
    refused = await node.until("dated")
    assert (refused["error"]["code"], refused["error"]["path"]) == ("invalid", "$.upto")


async def test_its_refusal_carries_the_code(party: Party, node: NodeLine) -> None:
    anna = await party.person()
    await node.order(url=anna.url, token="nonsense")
    refusal = await node.until("connect_error")
    assert refusal["data"]["code"] == "unauthorized"


async def test_it_is_told_why_its_session_ended_and_stays_away(party: Party, node: NodeLine) -> None:
    anna = await party.person()
    await node.order(url=anna.url, token=anna.session["access_token"], comes_back=True)
    await node.until("caught_up")
    await party.line(anna)
    assert await node.until("session.ended") == {"reason": "replaced"}
    assert await node.until("disconnect") == "io server disconnect"  # the one it does not come back after
