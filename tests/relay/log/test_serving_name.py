"""A node puts its name on what it accepts, and takes another one when it cannot know what was accepted."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from relay.log import mailbox_log
from relay.log.mailbox_log import MailboxLog
from relay.log.serving_name import ServingName
from schema import codec, functions, keys
from schema.clock import now_ms
from schema.link import OutcomeUnknown
from schema.partitions import partition_of
from tests.support.mailboxes import CAPACITY, PARTITIONS, World, refusal, sending


def named(world: World) -> tuple[MailboxLog, ServingName]:
    name = ServingName("n1")
    log = MailboxLog(
        world.link, partitions=PARTITIONS, capacity=CAPACITY,
        install=lambda: functions.install(world.client, "relay"), now=now_ms, serving=name,
    )  # fmt: skip
    return log, name


async def test_the_entries_of_a_send_name_the_node(world: World) -> None:
    log, _ = named(world)
    anna = await world.user(d1=11, d2=22)
    await log.accept(uuid4(), 1, sending(anna, (1, 11), (2, 22)), now_ms())
    await log.acknowledge(anna, 1, 1, now_ms())
    rows = await world.client.xrange(keys.log(partition_of(anna, PARTITIONS)))
    assert [fields.get(codec.SERVER_FIELD) for _, fields in rows] == [b"n1.0", b"n1.0", None]


async def test_an_unknown_outcome_changes_the_name(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    log, name = named(world)
    anna = await world.user(d1=11)
    monkeypatch.setattr(mailbox_log, "RESOLVE_SECONDS", -1.0)

    def losing(*_: Any) -> "asyncio.Future[Any]":
        unknown: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        unknown.set_exception(OutcomeUnknown("the connection ended"))
        return unknown

    with monkeypatch.context() as lost:
        lost.setattr(world.link, "execute", losing)
        with pytest.raises(OutcomeUnknown):
            await log.accept(uuid4(), 1, sending(anna, (1, 11)), now_ms())
        assert name.current == "n1.1"
        with pytest.raises(OutcomeUnknown):
            await log.acknowledge(anna, 1, 0, now_ms())
    assert name.current == "n1.1", "an acknowledgement is handed to nobody"
    await log.accept(uuid4(), 1, sending(anna, (1, 11)), now_ms())
    ((_, fields),) = await world.client.xrange(keys.log(partition_of(anna, PARTITIONS)))
    assert fields[codec.SERVER_FIELD] == b"n1.1"


async def test_a_function_that_fails_half_way_changes_the_name_and_a_refusal_does_not(world: World) -> None:
    log, name = named(world)
    anna = await world.user(d1=11)
    bela = anna
    while bela == anna or partition_of(bela, PARTITIONS) != partition_of(anna, PARTITIONS):
        bela = await world.user(d1=11)
    await world.client.set(keys.owed(partition_of(bela, PARTITIONS), bela, 1), "not a list")
    noted = {"h1": 1, "o1": "1:1"}
    await world.client.hset(keys.user(partition_of(bela, PARTITIONS), bela), mapping=noted)
    futures = [log.accept(uuid4(), 1, sending(user, (1, 11)), now_ms()) for user in (anna, bela)]
    assert (await refusal(futures[0])).code == "unavailable"
    assert [seq for _, seq in await world.entries(anna)] == [1], "it was appended all the same"
    assert name.current == "n1.1"
    assert (await refusal(log.accept(uuid4(), 1, sending(anna, (1, 99)), now_ms()))).code == "device_mismatch"
    assert name.current == "n1.1"
    await asyncio.gather(*futures, return_exceptions=True)
