"""Catch-up: what can be sent is sent, whatever comes next, and a bug leaves nobody waiting."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from structlog.testing import capture_logs

from relay.delivery.catch_up import DOUBTED_AT_ONCE, CatchUp
from relay.delivery.live import LiveSocket
from schema.clock import now_ms
from schema.events import EnvelopeAccepted
from tests.support.one_mailbox import OneMailbox, Wire
from tests.support.until import until


@pytest.fixture
async def mailbox(log_url: str, database_url: str) -> AsyncIterator[OneMailbox]:
    async with OneMailbox.on(log_url, database_url) as made:
        yield made


def envelope(mailbox: OneMailbox) -> EnvelopeAccepted:
    return EnvelopeAccepted(
        user=mailbox.user, device=1, at=now_ms(), id=uuid4(), from_user=uuid4(), from_device=1,
        kind="message", body=b"x",
    )  # fmt: skip


async def test_a_push_that_came_meanwhile_is_sent_although_the_rest_cannot_be_read(
    mailbox: OneMailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mailbox.fill(3, 2, 3)
    read, away = mailbox.catch_up._page, asyncio.Event()
    away.set()

    async def page(socket: Any) -> Any:
        if away.is_set():
            raise psycopg.OperationalError
        return await read(socket)

    monkeypatch.setattr(mailbox.catch_up, "_page", page)
    mailbox.socket.push(1, envelope(mailbox))
    mailbox.catch_up.start(mailbox.socket)
    await until(lambda: mailbox.wire.told == [1])
    away.clear()
    await until(lambda: mailbox.wire.told == [1, 2, 3, "caught up"])


async def test_a_bug_ends_the_socket_so_that_the_client_comes_back(
    mailbox: OneMailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mailbox.fill(1, 1)

    async def broken(*_: Any) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(mailbox.catch_up, "_step", broken)
    with capture_logs() as said:
        mailbox.catch_up.start(mailbox.socket)
        await until(lambda: mailbox.wire.told)
    assert mailbox.wire.told == ["shutdown"]
    assert [line["event"] for line in said if line["log_level"] == "error"] == ["catch_up_failed"]


async def test_many_sockets_in_doubt_catch_up_a_bounded_number_at_a_time(monkeypatch: Any) -> None:
    unused: Any = None
    catch_up = CatchUp(unused, unused, uuid4())
    go_on, under_way, most, ran = asyncio.Event(), 0, 0, 0

    async def run(socket: LiveSocket) -> None:
        nonlocal under_way, most, ran
        under_way += 1
        most = max(most, under_way)
        await go_on.wait()
        under_way -= 1
        ran += 1
        socket.catching_up = False

    monkeypatch.setattr(catch_up, "_run", run)
    wire: Any = Wire()
    sockets = [LiveSocket(wire, uuid4(), 1, uuid4(), now_ms() + 60_000) for _ in range(3 * DOUBTED_AT_ONCE)]
    for socket in sockets:
        socket.live = True
    catch_up.start_all(sockets)
    await until(lambda: under_way == DOUBTED_AT_ONCE)
    assert sum(socket.live for socket in sockets) == 2 * DOUBTED_AT_ONCE
    catch_up.start_all(sockets[-10:])  # another entry was lost meanwhile
    catch_up.start(sockets[-1])  # it saw a gap
    await until(lambda: under_way == DOUBTED_AT_ONCE + 1)
    go_on.set()
    await until(lambda: ran >= len(sockets) and not under_way)
    assert most == DOUBTED_AT_ONCE + 1
    await catch_up.close()
