"""Sends wait for the log in a fair queue: what one user submits delays another by what is under way only."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from relay.log.calls import UNDER_WAY_BYTES
from schema.clock import now_ms
from schema.limits import BODY_BYTES, CALL_BYTES
from schema.link import OutcomeUnknown
from schema.partitions import partition_of
from tests.support.mailboxes import CAPACITY, PARTITIONS, World, refusal, sending


async def test_calls_to_the_log_are_bounded_in_bytes_and_keep_the_order(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = {f"d{number}": number for number in range(1, 11)}
    user, sender = await world.user(**devices), uuid4()
    calls: list[int] = []
    execute = world.link.execute

    def recorded(*command: Any) -> Any:
        calls.append(sum(len(part) for part in command if isinstance(part, bytes)))
        return execute(*command)

    monkeypatch.setattr(world.link, "execute", recorded)
    envelopes = [(number, number) for number in devices.values()]
    sends = [sending(user, *envelopes, body=bytes([n]) * BODY_BYTES) for n in range(CAPACITY)]
    answers = await asyncio.gather(*(world.log.accept(sender, 1, send, now_ms()) for send in sends))
    assert [answer.seqs[0] for answer in answers] == [(1, number) for number in range(1, CAPACITY + 1)]
    assert max(calls) < UNDER_WAY_BYTES + CALL_BYTES
    kept = [event.body[:1] for event, _ in await world.entries(user) if event.device == 1]
    assert kept == [bytes([n]) for n in range(CAPACITY)]


async def test_threat_34_who_sends_megabytes_does_not_delay_who_sends_a_little(world: World) -> None:
    """All is submitted before the log has answered anything: the small message last."""
    users = [await world.user(d1=11) for _ in range(2 * CAPACITY)]
    other = await world.user(d1=11)
    heavy, light = uuid4(), uuid4()
    answered: list[str] = []

    def submit(sender: UUID, to: UUID, body: bytes, name: str) -> "asyncio.Future[Any]":
        future = world.log.accept(sender, 1, sending(to, (1, 11), body=body), now_ms())
        future.add_done_callback(lambda _: answered.append(name))
        return future

    sends = [submit(heavy, user, bytes(BODY_BYTES), "heavy") for user in users for _ in range(CAPACITY)]
    sends.append(submit(light, other, b"a little", "light"))
    await asyncio.gather(*sends)
    assert answered.index("light") <= UNDER_WAY_BYTES // BODY_BYTES + 1


async def test_a_log_that_is_away_gives_back_the_room_of_what_was_under_way(world: World) -> None:
    user = await world.user(d1=11)
    await world.link.close()
    sends = [sending(user, (1, 11), body=bytes(BODY_BYTES)) for _ in range(2 * UNDER_WAY_BYTES // BODY_BYTES)]
    refusals = [await refusal(world.log.accept(uuid4(), 1, send, now_ms())) for send in sends]
    assert {refused.code for refused in refusals} == {"unavailable"}
    await world.log.drain()


async def test_calls_whose_outcome_is_unknown_keep_no_other_partition_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their connection ended; they are repeated until the log says what became of them."""
    users = [await world.user(d1=11) for _ in range(20)]
    user, place = users[0], partition_of(users[0], PARTITIONS)
    other = next(one for one in users if partition_of(one, PARTITIONS) != place)
    execute = world.link.execute

    def cut_off(*command: Any) -> Any:
        if sum(len(part) for part in command if isinstance(part, bytes)) < BODY_BYTES:
            return execute(*command)
        unknown: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        unknown.set_exception(OutcomeUnknown("the connection ended"))
        return unknown

    monkeypatch.setattr(world.link, "execute", cut_off)
    count = UNDER_WAY_BYTES // BODY_BYTES + 1
    large = [
        world.log.accept(uuid4(), 1, sending(user, (1, 11), body=bytes(BODY_BYTES)), now_ms())
        for _ in range(count)
    ]
    accepted = await world.log.accept(uuid4(), 1, sending(other, (1, 11)), now_ms())
    assert accepted.seqs == [(1, 1)]
    assert not any(future.done() for future in large)
    monkeypatch.setattr(world.link, "execute", execute)
    await asyncio.gather(*large, return_exceptions=True)
    await world.log.drain()
