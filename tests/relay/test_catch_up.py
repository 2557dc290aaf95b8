"""Catch-up: what can be sent is sent, whatever comes next, and a bug leaves nobody waiting."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from structlog.testing import capture_logs

from schema.clock import now_ms
from schema.events import EnvelopeAccepted
from tests.support.one_mailbox import OneMailbox
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
