"""What outlived its time, as the recipient sees it: told once, with the right count, on-line or later."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from redis.asyncio import Redis

from ops.addresses import address
from ops.embedded import valkey
from ops.embedded.layout import layout
from schema import keys
from schema.partitions import partition_of
from schema.roles import ADMIN
from tests.support.people import Line, Person
from tests.support.stack import Stack, data_folder
from tests.support.until import until
from tests.wire.conftest import Party


@pytest.fixture
async def short_lived() -> AsyncIterator[tuple[Party, Stack]]:
    """A messenger whose envelopes live for a second."""
    with data_folder() as data:
        settings = {"SEALSTREAM_ENVELOPE_TTL_SECONDS": "1", "SEALSTREAM_RETENTION_INTERVAL_SECONDS": "0.3"}
        running = await asyncio.to_thread(lambda: Stack(data, **settings).start())
        party = Party(running.url())
        yield party, running
        await party.close()
        await asyncio.to_thread(running.stop)


def expired(line: Line) -> list[dict[str, int]]:
    return [payload for name, payload in line.events if name == "expired"]


async def have_expired(stack: Stack, person: Person, upto: int) -> bool:
    """Whether the directory says that the device's envelopes up to that number have expired."""
    user = UUID(person.user_id)
    async with Redis.from_url(address(valkey.LOG, layout(stack.data), ADMIN)) as log:
        partition = partition_of(user, int(await log.get(keys.PARTITION_COUNT)))
        floor = await log.hget(keys.user(partition, user), f"f{person.device_id}")
        return int(floor or 0) == upto


async def has_it(line: Line) -> None:
    """The relay has heard so: its ping behind the notice is answered before the second call is made."""
    for _ in range(2):
        await line.call("ack", {"upto": 0})


async def test_expiry_is_told_once_with_its_count_to_who_was_away_and_to_who_is_there(
    short_lived: tuple[Party, Stack],
) -> None:
    party, stack = short_lived
    anna, bela = await party.person(), await party.person()
    at_anna = await party.line(anna)
    for number in range(3):
        assert (await at_anna.send(bela, f"away {number}".encode()))["ok"]
    await until(lambda: have_expired(stack, bela, 3), seconds=20)
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
    await again.until(lambda: any(told["upto"] == 5 for told in expired(again)))
    assert sum(told["count"] for told in expired(again)) == 2, "in one round of retention or in two"
    await has_it(again)
    await again.close()

    last = await party.line(bela)
    assert (await last.until_event("caught_up"))["head"] == 5
    assert expired(last) == [], "also when it was told on-line"
