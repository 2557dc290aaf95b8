"""Numbers that never come: given up when that is certain, and not before."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from relay.delivery.lost_numbers import LostNumbers
from schema import keys
from schema.clock import now_ms
from tests.support.one_mailbox import OneMailbox
from tests.support.until import until


@pytest.fixture
async def mailbox(
    log_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[OneMailbox]:
    monkeypatch.setattr("relay.delivery.lost_numbers.PATIENCE", 2)
    async with OneMailbox.on(log_url, database_url) as made:
        yield made


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers that catch-up was in doubt about, in the order of its questions."""
    asked: list[int] = []
    answer = LostNumbers.given_up

    async def noted(self: LostNumbers, user: UUID, device: int, seq: int, mailbox: Any) -> bool:
        found = await answer(self, user, device, seq, mailbox)
        asked.append(seq)
        return found

    monkeypatch.setattr(LostNumbers, "given_up", noted)
    return asked


ENOUGH = 6
"""Questions after which a number would have been given up, with the patience of these tests."""


async def test_a_number_that_was_set_aside_expires_and_the_device_goes_on(mailbox: OneMailbox) -> None:
    await mailbox.fill(4, 1, 4)
    await mailbox.project()
    mailbox.catch_up.start(mailbox.socket)
    await until(lambda: mailbox.wire.told == [1])
    await mailbox.ack(1)
    await mailbox.project()  # the acknowledgement is an entry, too
    await until(lambda: mailbox.wire.told == [1, (3, 2), 4, "caught up"])
    assert await mailbox.expiries() == [(3, 2)]
    numbers = await mailbox.log.mailbox(mailbox.user, 1)
    assert numbers is not None
    assert (numbers.head, numbers.cursor, numbers.floor, numbers.expired) == (4, 1, 3, 2)


async def test_also_the_newest_one(mailbox: OneMailbox) -> None:
    await mailbox.fill(2)
    await mailbox.project()
    mailbox.catch_up.start(mailbox.socket)
    await until(lambda: mailbox.wire.told == [(2, 2), "caught up"])


async def test_nothing_is_given_up_before_the_projection_has_passed_it(
    mailbox: OneMailbox, asked: list[int]
) -> None:
    await mailbox.fill(1)
    await mailbox.project()
    await mailbox.client.hset(keys.user(mailbox.partition, mailbox.user), "h1", 2)
    await mailbox.client.xadd(keys.log(mailbox.partition), {"n": 2, "e": b"an envelope"})
    mailbox.catch_up.start(mailbox.socket)
    await until(lambda: len(asked) >= ENOUGH)
    assert mailbox.wire.told == [], "the second may have held the projector up"
    await mailbox.hold(1)
    await mailbox.hold(2)
    await mailbox.project()
    await until(lambda: mailbox.wire.told == [1, 2, "caught up"])
    assert await mailbox.expiries() == []


async def test_nothing_is_given_up_while_something_before_it_is_unacknowledged(
    mailbox: OneMailbox, asked: list[int]
) -> None:
    await mailbox.fill(3, 1, 3)
    await mailbox.project()
    mailbox.catch_up.start(mailbox.socket)
    await until(lambda: mailbox.wire.told == [1])
    await until(lambda: asked.count(2) >= ENOUGH)
    assert await mailbox.expiries() == []
    assert mailbox.wire.told == [1]


async def test_a_mailbox_that_changed_meanwhile_is_looked_at_again(mailbox: OneMailbox) -> None:
    await mailbox.fill(3, 3)
    read = await mailbox.log.mailbox(mailbox.user, 1)
    assert read is not None
    await mailbox.log.acknowledge(mailbox.user, 1, 1, now_ms())
    assert await mailbox.log.give_up(mailbox.user, 1, 2, read) is False
    assert await mailbox.log.give_up(uuid4(), 1, 2, read) is False, "nor one of somebody who is gone"
    assert await mailbox.expiries() == []


async def test_without_the_projector_nothing_is_given_up(mailbox: OneMailbox, asked: list[int]) -> None:
    await mailbox.fill(1)
    mailbox.catch_up.start(mailbox.socket)
    await until(lambda: len(asked) >= ENOUGH)
    assert await mailbox.expiries() == []
