"""A log that lost its data, or is an older copy, under a running node: it counts as away, until the right one
is back."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from relay.identity.directory import Directory
from relay.log import watch as log_watch
from relay.log.mailbox_log import MailboxLog
from relay.log.watch import LogWatch
from schema import functions, keys, servers, tasks
from schema.clock import now_ms
from schema.events import SignedPrekey
from schema.link import Link
from schema.log_identity import AnotherLog, Guard
from schema.partitions import partition_of
from schema.refusals import Refusal
from schema.wire_socket import OutgoingEnvelope, Send
from tests.servers import Servers
from tests.support.until import until

PARTITIONS = 2


class Watched:
    """A node's ways to its log, with one device that is written to."""

    def __init__(self, log_url: str) -> None:
        self.plain = servers.client(log_url)
        guard = Guard(uuid4(), PARTITIONS)
        self.guard = guard
        self.client = servers.client(log_url, guard=guard)
        self.watch = LogWatch(guard, self.client, self.plain, PARTITIONS)
        self.link = Link(log_url, name="log", check=self.watch.check)
        self.user = uuid4()
        self.mailboxes = MailboxLog(
            self.link, partitions=PARTITIONS, capacity=100,
            install=lambda: functions.install(self.client, "relay"), now=now_ms, watch=self.watch,
        )  # fmt: skip

    async def begin(self) -> None:
        for name in self.guard.keys:
            await self.plain.set(name, str(self.guard.log_id))
        directory = keys.user(partition_of(self.user, PARTITIONS), self.user)
        await self.plain.hset(directory, mapping={"i": b"k", "r1": 7, "h1": 0, "c1": 0, "f1": 0})
        await functions.install(self.client, "relay")
        await self.link.start()

    async def send(self) -> int:
        send = Send(uuid4(), self.user, [OutgoingEnvelope(1, 7, "message", b"sealed")])
        ((_, seq),) = (await self.mailboxes.accept(self.user, 2, send, now_ms())).seqs
        return seq

    async def is_refused(self) -> bool:
        try:
            await self.send()
        except Refusal as refusal:
            return refusal.code == "unavailable"
        return False

    async def copy(self) -> dict[bytes, Any]:
        """Everything that the log has now."""
        names: list[Any] = await self.plain.keys()
        return {name: await self.plain.dump(name) for name in names}

    async def put(self, copy: dict[bytes, Any]) -> None:
        """The log is that copy from now on."""
        await self.plain.flushall()
        for name, value in copy.items():
            await self.plain.restore(name, 0, value)

    async def close(self) -> None:
        await self.link.close()
        for client in (self.client, self.plain):
            await client.aclose()


@pytest.fixture
async def node(log_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    monkeypatch.setattr(log_watch, "INTERVAL_SECONDS", 0.05)
    made = Watched(log_url)
    await made.begin()
    watching = asyncio.create_task(made.watch.run(made.link))
    yield made
    await tasks.end([watching])
    await made.close()


async def test_a_log_server_that_comes_back_empty_is_not_numbered_on(node: Watched, servers: Servers) -> None:
    assert await node.send() == 1
    log, kept = servers.places.data / "log" / "appendonlydir", Path(f"{servers.places.data}-kept")
    servers.kill("log")
    shutil.move(log, kept)
    servers.revive()
    await until(lambda: not node.link.connected.is_set())
    assert await node.is_refused()
    with pytest.raises(AnotherLog):
        await node.client.ping()
    await asyncio.sleep(0.2)
    assert await node.is_refused()
    assert await node.plain.keys() == [], "nothing is written to it"
    servers.kill("log")
    shutil.rmtree(log, ignore_errors=True)
    shutil.move(kept, log)
    servers.revive()
    await until(node.link.connected.is_set)
    assert await node.send() == 2, "the right one is taken up again"


async def test_a_log_that_is_emptied_in_place_is_noticed(node: Watched) -> None:
    assert await node.send() == 1
    await node.plain.flushall()
    await until(lambda: not node.link.connected.is_set())
    assert await node.is_refused()
    assert await node.plain.keys() == []
    with pytest.raises(AnotherLog):
        await node.client.ping()


async def test_an_older_copy_of_the_same_log_is_noticed_before_anything_is_sent(node: Watched) -> None:
    older = await node.copy()
    assert await node.send() == 1
    await until(lambda: any(end > (0, 0) for end in node.watch._ends.values()))
    await node.put(older)
    await until(lambda: not node.link.connected.is_set())
    assert await node.is_refused()
    with pytest.raises(AnotherLog):
        await node.client.ping()


@pytest.fixture
async def unwatched(log_url: str) -> AsyncIterator[Watched]:
    """Between two looks of its watch."""
    made = Watched(log_url)
    await made.begin()
    yield made
    await made.close()


@pytest.mark.parametrize("appends", ["send", "acknowledge"])
async def test_an_older_copy_that_lacks_only_the_newest_entry_is_noticed_when_the_connection_is_new(
    unwatched: Watched, appends: str
) -> None:
    node = unwatched
    if appends == "acknowledge":
        assert await node.send() == 1
    older = await node.copy()
    if appends == "send":
        assert await node.send() == 1
    else:
        assert await node.mailboxes.acknowledge(node.user, 1, 1, now_ms()) == 1
    await node.put(older)
    node.link.drop()
    await until(lambda: not node.link.connected.is_set())
    await asyncio.wait([asyncio.create_task(node.link.connected.wait())], timeout=0.3)
    assert await node.is_refused()
    assert await node.copy() == older, "nothing was numbered for the second time"


async def test_a_log_that_is_emptied_in_place_denies_nobody_and_takes_nothing(unwatched: Watched) -> None:
    node = unwatched
    assert await node.send() == 1
    await node.plain.flushall()
    send = Send(uuid4(), node.user, [OutgoingEnvelope(1, 7, "message", b"sealed")])
    with pytest.raises(Refusal) as caught:
        await node.mailboxes.accept(node.user, 2, send, now_ms())
    assert caught.value.code == "unavailable"
    await until(lambda: not node.link.connected.is_set())


@pytest.mark.parametrize("asks", ["acknowledge", "mailbox"])
async def test_a_device_is_not_called_inactive_because_the_log_was_emptied(
    unwatched: Watched, asks: str
) -> None:
    mailboxes, user = unwatched.mailboxes, unwatched.user
    await unwatched.plain.flushall()
    asked: Any = (
        mailboxes.mailbox(user, 1) if asks == "mailbox" else mailboxes.acknowledge(user, 1, 1, now_ms())
    )
    with pytest.raises(Refusal) as caught:
        await asked
    assert caught.value.code == "unavailable"


async def test_no_account_is_begun_in_a_log_that_was_emptied_in_place(unwatched: Watched) -> None:
    directory = Directory(unwatched.client, PARTITIONS, log_id=unwatched.guard.log_id)
    await unwatched.client.ping()
    await unwatched.plain.flushall()
    signed = SignedPrekey(1, b"\x05" * 33, bytes(64))
    with pytest.raises(AnotherLog):
        await directory.publish(
            uuid4(), 1, b"\x05" * 33, 7, signed, (), replace=False, last_device=1, at=now_ms()
        )
    assert await unwatched.plain.keys() == []


@pytest.mark.parametrize("changes", ["mark_notified", "give_up"])
async def test_no_mailbox_is_changed_in_a_log_that_was_exchanged_in_place(
    unwatched: Watched, changes: str
) -> None:
    """The other log has the same user: it was made from the same database."""
    node = unwatched
    assert await node.send() == 1
    read = await node.mailboxes.mailbox(node.user, 1)
    assert read is not None
    await node.plain.set(keys.log_id(partition_of(node.user, PARTITIONS)), str(uuid4()))
    before = await node.copy()
    changed: Any = (
        node.mailboxes.mark_notified(node.user, 1, 5)
        if changes == "mark_notified"
        else node.mailboxes.give_up(node.user, 1, 1, read)
    )
    with pytest.raises(Refusal) as caught:
        await changed
    assert caught.value.code == "unavailable"
    assert await node.copy() == before
