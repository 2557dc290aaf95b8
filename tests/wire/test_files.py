"""Files on a whole messenger: two nodes, one killed half-way, retention with its own rights, the audit."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from ops.embedded import postgres
from ops.embedded.layout import layout
from tests.support import tus
from tests.support.processes import run
from tests.support.stack import Stack, clean_environment, data_folder
from tests.support.until import until
from tests.wire.conftest import Party

MIB = 1024 * 1024
DATA = os.urandom(7 * MIB + 99)
OFTEN = {"SEALSTREAM_RETENTION_INTERVAL_SECONDS": "0.3"}


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Party, Stack]]:
    """Two nodes, and a retention worker that looks often."""
    with data_folder() as data:
        running = await asyncio.to_thread(lambda: Stack(data, nodes=2, **OFTEN).start())
        party = Party(running.url())
        yield party, running
        await party.close()
        await asyncio.to_thread(running.stop)
        lacking = [name for name, text in running.logs().items() if "ops/roles.md" in text]
        assert not lacking, "a process lacked a right (schema.failures)"


def names(place: Path) -> list[str]:
    return [path.name for path in place.iterdir()]


async def violations(stack: Stack) -> list[str]:
    """What `sealstream replay audit` finds."""
    settings = clean_environment(SEALSTREAM_DATA=str(stack.data), **stack.settings)
    done = await asyncio.to_thread(run, "sealstream", "replay", "audit", "--json", environment=settings)
    return [f"{found['kind']}: {found['text']}" for found in json.loads(done.stdout)["violations"]]


async def test_a_file_survives_the_death_of_its_node_and_is_erased_when_its_time_is_over(
    pair: tuple[Party, Stack],
) -> None:
    party, stack = pair
    anna = await party.person()
    kept, given_up = await tus.create(anna, len(DATA)), await tus.upload(anna, DATA[:1000])
    assert (await tus.patch(anna, kept, 0, DATA[: 3 * MIB])).status == 204
    cut = asyncio.create_task(tus.cut_off(anna, kept, 3 * MIB, DATA, 2 * MIB + 5))
    stack.kill("node-0")
    await asyncio.gather(cut, return_exceptions=True)
    anna.url = stack.url(1)
    at = await tus.offset(anna, kept)
    assert 3 * MIB <= at <= 5 * MIB + 5
    assert (await tus.patch(anna, kept, at, DATA[at:])).status == 204
    assert (await tus.read(anna, kept)).body == DATA
    assert (await tus.ask(anna, "DELETE", given_up)).status == 204
    assert await violations(stack) == []
    place = stack.data / "blobs"
    assert names(place) == [tus.blob(kept).hex()]
    with psycopg.connect(postgres.url(layout(stack.data))) as database:
        database.execute("UPDATE blobs SET expires_at = 0")
    await until(lambda: not names(place), seconds=60)
    assert (await tus.read(anna, kept)).status == 404
    assert await violations(stack) == []
