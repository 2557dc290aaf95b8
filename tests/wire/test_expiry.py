"""What outlived its time, as the recipient sees it: told once, with the right count, on-line or later."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.people import Line
from tests.support.stack import Stack, data_folder
from tests.wire.conftest import Party


@pytest.fixture
async def short_lived() -> AsyncIterator[Party]:
    """A messenger whose envelopes live for a second."""
    with data_folder() as data:
        settings = {"SEALSTREAM_ENVELOPE_TTL_SECONDS": "1", "SEALSTREAM_RETENTION_INTERVAL_SECONDS": "0.3"}
        running = await asyncio.to_thread(lambda: Stack(data, **settings).start())
        party = Party(running.url())
        yield party
        await party.close()
        await asyncio.to_thread(running.stop)


def expired(line: Line) -> list[dict[str, int]]:
    return [payload for name, payload in line.events if name == "expired"]


async def has_it(line: Line) -> None:
    """The relay has heard so: its ping behind the notice is answered before the second call is made."""
    for _ in range(2):
        await line.call("ack", {"upto": 0})


async def test_expiry_is_told_once_with_its_count_to_who_was_away_and_to_who_is_there(
    short_lived: Party,
) -> None:
    party = short_lived
    anna, bela = await party.person(), await party.person()
    at_anna = await party.line(anna)
    for number in range(3):
        assert (await at_anna.send(bela, f"away {number}".encode()))["ok"]
    await asyncio.sleep(4.0)
    at_bela = await party.line(bela)
    assert (await at_bela.until_event("caught_up"))["head"] == 3
    assert expired(at_bela) == [{"upto": 3, "count": 3}]
    await has_it(at_bela)
    await at_bela.close()

    again = await party.line(bela)
    again.acknowledging = False
    await again.until_event("caught_up")
    assert expired(again) == [], "it knows already"
    for number in range(2):
        assert (await at_anna.send(bela, f"here {number}".encode()))["ok"]
    assert await again.until_event("expired") == {"upto": 5, "count": 2}
    await has_it(again)
    await again.close()

    last = await party.line(bela)
    assert (await last.until_event("caught_up"))["head"] == 5
    assert expired(last) == [], "also when it was told on-line"
