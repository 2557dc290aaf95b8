"""`expired`: the counts told to a device add up to what outlived its time, whatever is lost on the way."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from relay.database import Database
from relay.delivery.catch_up import CatchUp
from relay.delivery.inbox_reader import InboxReader
from relay.delivery.live import LiveSocket
from relay.delivery.registry import Registry
from relay.identity.directory import Directory
from relay.log.mailbox_log import MailboxLog
from schema import codec, functions, keys, servers
from schema.clock import now_ms
from schema.events import EnvelopesExpired
from schema.link import Link
from schema.partitions import partition_of
from tests.support.until import until
from workers.retention.expiry import expire_mailbox

PARTITIONS = 4


class Wire:
    """A connection: what was written to it, and the client's answers to the pings behind it."""

    sid = "s"
    unsent = 0
    room = 1 << 30

    def __init__(self) -> None:
        self.told: list[dict[str, int]] = []
        self.open_pings: list[Callable[[], None]] = []

    def write(self, data: bytes) -> None:
        event, payload = msgspec.msgpack.decode(data)["data"]
        if event == "expired":
            self.told.append(payload)

    def when_received(self, then: Callable[[], None]) -> None:
        self.open_pings.append(then)

    def answer_pings(self) -> None:
        for then in self.open_pings:
            then()
        self.open_pings.clear()


class Device:
    """A device whose mailbox holds envelopes that expire, and the node that holds its socket."""

    def __init__(self, client: Any, link: Link, database: Any) -> None:
        self.user = uuid4()
        self.client = client
        self.partition = partition_of(self.user, PARTITIONS)
        self.directory = keys.user(self.partition, self.user)
        self.log = MailboxLog(
            link, partitions=PARTITIONS, capacity=100, install=lambda: functions.install(client, "relay"),
            now=now_ms,
        )  # fmt: skip
        self.catch_up = CatchUp(self.log, database, uuid4())
        self.registry = Registry()
        unused: Any = None
        self.reader = InboxReader(unused, "0", self.registry, self.catch_up, now_ms)

    async def activate(self, head: int) -> None:
        await self.client.hset(self.directory, mapping={"i": b"key", "r1": 1, "h1": head})

    def connect(self) -> Wire:
        wire: Any = Wire()
        self.registry.add(LiveSocket(wire, self.user, 1, uuid4(), now_ms() + 60_000))
        return wire  # type: ignore[no-any-return]

    async def expire(self, upto: int) -> bytes:
        """What outlived its time up to there, and the push that says so."""
        count = await expire_mailbox(self.client, self.partition, self.user, 1, upto, now_ms())
        return codec.encode(EnvelopesExpired(user=self.user, device=1, at=now_ms(), count=count))

    async def numbers(self) -> dict[str, int]:
        mailbox = await self.log.mailbox(self.user, 1)
        assert mailbox is not None
        return {"expired": mailbox.expired, "notified": mailbox.notified}


def entry(count: int, upto: int, event: bytes) -> list[Any]:
    return [f"{count}-0".encode(), [b"c", str(count).encode(), f"x:{upto}".encode(), event]]


@pytest.fixture
async def device(log_url: str, database_url: str) -> AsyncIterator[Device]:
    client = servers.client(log_url)
    await functions.install(client, "relay")
    await functions.install(client, "workers")
    link = Link(log_url, name="log")
    await link.start()
    async with Database(database_url) as database:
        made = Device(client, link, database)
        yield made
        for socket in made.registry:
            socket.ended = True
        await made.catch_up.close()
    await link.close()
    await client.aclose()


async def test_a_lost_notice_and_another_in_the_same_read_are_told_with_both_their_counts(
    device: Device,
) -> None:
    await device.activate(head=5)
    wire = device.connect()
    lost = await device.expire(3)
    assert lost
    device.reader.deliver([entry(2, 5, await device.expire(5))])
    await until(lambda: bool(wire.told))
    assert wire.told == [{"upto": 5, "count": 5}]


async def test_notices_that_come_twice_or_late_are_told_once(device: Device) -> None:
    await device.activate(head=5)
    wire = device.connect()
    first, second = await device.expire(2), await device.expire(5)
    device.reader.deliver([entry(1, 2, first), entry(2, 5, second), entry(3, 5, second)])
    await until(lambda: bool(wire.told))
    await asyncio.sleep(0.1)
    assert sum(told["count"] for told in wire.told) == 5


async def test_what_was_stored_in_between_is_not_counted_and_what_expired_before_is(device: Device) -> None:
    await device.activate(head=8)
    await device.expire(3)
    await device.log.acknowledge(device.user, 1, 5, now_ms())
    wire = device.connect()
    device.reader.deliver([entry(2, 8, await device.expire(8))])
    await until(lambda: bool(wire.told))
    assert wire.told == [{"upto": 8, "count": 6}]


async def test_a_notice_is_remembered_when_the_client_has_it_and_told_again_when_not(device: Device) -> None:
    await device.activate(head=9)
    lost = device.connect()
    device.reader.deliver([entry(1, 2, await device.expire(2))])
    await until(lambda: bool(lost.told))
    assert await device.numbers() == {"expired": 2, "notified": 0}, "nobody knows yet whether it came"

    again = device.connect()
    device.catch_up.look(next(iter(device.registry.user(device.user))))
    await until(lambda: bool(again.told))
    assert again.told == [{"upto": 2, "count": 2}]
    again.answer_pings()
    await until(lambda: _told_of(device, 2))

    third = device.connect()
    device.reader.deliver([entry(2, 9, await device.expire(9))])
    await until(lambda: bool(third.told))
    assert third.told == [{"upto": 9, "count": 7}]


async def _told_of(device: Device, count: int) -> bool:
    return await device.numbers() == {"expired": count, "notified": count}


async def test_what_expires_makes_room_for_what_waits(device: Device) -> None:
    await device.activate(head=257)
    device.connect()
    (socket,) = device.registry
    for seq in range(1, 257):
        socket.window.offer(seq, 10)
    assert socket.window.room == 0
    device.reader.deliver([entry(1, 256, await device.expire(256))])
    await until(lambda: socket.catching_up)
    assert socket.window.room == 256


async def test_the_counts_of_a_device_go_with_it(device: Device) -> None:
    await device.activate(head=2)
    await device.expire(2)
    await device.log.mark_notified(device.user, 1, 2)
    await Directory(device.client, PARTITIONS).close(device.user, 1, now_ms())
    assert await device.client.hgetall(device.directory) == {b"i": b"key"}
