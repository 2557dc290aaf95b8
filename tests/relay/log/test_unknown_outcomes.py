"""A send whose outcome is unknown holds back its partition, and no other."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from schema.clock import now_ms
from schema.link import OutcomeUnknown
from schema.partitions import partition_of
from tests.support.mailboxes import PARTITIONS, World, sending
from tests.support.until import until


async def test_a_send_waits_for_the_outcome_of_an_earlier_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call of the first is lost with its connection; the second must not overtake it."""
    anna, sender = await world.user(d1=11), uuid4()
    execute, lost = world.link.execute, []

    def losing(*command: Any) -> "asyncio.Future[Any]":
        if lost or command[0] != "FCALL":
            return execute(*command)
        lost.append(command)
        unknown: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        unknown.set_exception(OutcomeUnknown("the connection ended"))
        return unknown

    monkeypatch.setattr(world.link, "execute", losing)
    first, second = sending(anna, (1, 11)), sending(anna, (1, 11))
    earlier = world.log.accept(sender, 1, first, now_ms())
    await until(lambda: lost)
    later = world.log.accept(sender, 1, second, now_ms())
    assert [(await earlier).seqs, (await later).seqs] == [[(1, 1)], [(1, 2)]]
    assert [event.id for event, _ in await world.entries(anna)] == [first.id, second.id]


async def test_one_partition_does_not_wait_for_another(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    users = [await world.user(d1=11) for _ in range(8)]
    anna = users[0]
    other = next(user for user in users if partition_of(user, PARTITIONS) != partition_of(anna, PARTITIONS))
    execute, held = world.link.execute, []

    def holding(*command: Any) -> "asyncio.Future[Any]":
        if held:
            return execute(*command)
        held.append(asyncio.get_running_loop().create_future())
        return held[0]

    monkeypatch.setattr(world.link, "execute", holding)
    earlier = world.log.accept(uuid4(), 1, sending(anna, (1, 11)), now_ms())
    await until(lambda: held)
    assert (await world.log.accept(uuid4(), 1, sending(other, (1, 11)), now_ms())).seqs == [(1, 1)]
    held[0].set_exception(OutcomeUnknown("the connection ended"))
    assert (await earlier).seqs == [(1, 1)]
