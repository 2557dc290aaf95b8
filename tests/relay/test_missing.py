"""Numbers that never come: given up when that is certain, and not before."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from relay import database as databases
from relay.catch_up import CatchUp
from relay.database import transaction
from relay.link import Link
from relay.mailbox_log import MailboxLog
from relay.sockets.live import LiveSocket
from schema import codec, functions, keys, servers
from schema.clock import now_ms
from schema.events import EnvelopesExpired
from schema.partitions import partition_of
from tests.support.until import until

PARTITIONS = 4


class Wire:
    """A connection: the numbers and notices that went out, in order."""

    sid = "s"
    unsent = 0

    def __init__(self) -> None:
        self.told: list[Any] = []

    def write(self, data: bytes) -> None:
        event, payload = msgspec.msgpack.decode(data)["data"]
        if event == "envelopes":
            self.told += [envelope["seq"] for envelope in payload]
        elif event == "expired":
            self.told.append((payload["upto"], payload["count"]))
        elif event == "caught_up":
            self.told.append("caught up")

    def when_received(self, then: Any) -> None:
        """Nothing is remembered here."""


class Mailbox:
    """A mailbox in the directory, the log and Postgres, filled by hand, and its device's socket."""

    def __init__(self, client: Any, link: Link, database: databases.Database) -> None:
        self.user = uuid4()
        self.client = client
        self.database = database
        self.partition = partition_of(self.user, PARTITIONS)
        self.log = MailboxLog(
            link, partitions=PARTITIONS, capacity=100, install=lambda: functions.install(client, "relay"),
            now=now_ms,
        )  # fmt: skip
        self.catch_up = CatchUp(self.log, database)
        self.wire = Wire()
        wire: Any = self.wire
        self.socket = LiveSocket(wire, self.user, 1, uuid4(), now_ms() + 60_000)

    async def fill(self, head: int, *held: int) -> None:
        """`head` were accepted; of them Postgres holds those."""
        await self.client.hset(keys.user(self.partition, self.user), mapping={"i": b"k", "r1": 1, "h1": head})
        for seq in range(1, head + 1):
            await self.client.xadd(keys.log(self.partition), {"n": seq, "e": b"an envelope"})
        for seq in held:
            await self.hold(seq)

    async def hold(self, seq: int) -> None:
        """The projector writes one."""
        async with transaction(self.database) as connection:
            await connection.execute(
                "INSERT INTO envelopes VALUES (%s, 1, %s, %s, %s, 1, 'message', 'x', %s)",
                (self.user, seq, uuid4(), uuid4(), now_ms()),
            )

    async def project(self) -> None:
        """The projector passes everything that is in the log."""
        ((position, _),) = await self.client.xrevrange(keys.log(self.partition), count=1)
        async with transaction(self.database) as connection:
            await connection.execute(
                "INSERT INTO checkpoints VALUES (%s, %s, %s) ON CONFLICT (consumer_group, partition) "
                "DO UPDATE SET position = excluded.position",
                (keys.PROJECTOR, self.partition, position.decode()),
            )

    async def ack(self, upto: int) -> None:
        await self.log.acknowledge(self.user, 1, upto, now_ms())
        self.socket.delivery.settle(upto)

    async def expiries(self) -> list[tuple[int, int]]:
        found = []
        for _, fields in await self.client.xrange(keys.log(self.partition)):
            if fields[b"e"] != b"an envelope":
                event, seq = codec.decode_entry(fields)
                found += [(seq, event.count)] if isinstance(event, EnvelopesExpired) else []
        return found


@pytest.fixture
async def mailbox(log_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mailbox]:
    monkeypatch.setattr("relay.missing.PATIENCE", 2)
    client = servers.client(log_url)
    await functions.install(client, "relay")
    link = Link(log_url, name="log")
    await link.start()
    async with databases.Database(database_url) as database:
        made = Mailbox(client, link, database)
        yield made
        made.socket.ended = True
        await made.catch_up.close()
    await link.close()
    await client.aclose()


async def test_a_number_that_was_set_aside_expires_and_the_device_goes_on(mailbox: Mailbox) -> None:
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


async def test_also_the_newest_one(mailbox: Mailbox) -> None:
    await mailbox.fill(2)
    await mailbox.project()
    mailbox.catch_up.start(mailbox.socket)
    await until(lambda: mailbox.wire.told == [(2, 2), "caught up"])


async def test_nothing_is_given_up_before_the_projection_has_passed_it(mailbox: Mailbox) -> None:
    await mailbox.fill(1)
    await mailbox.project()
    await mailbox.client.hset(keys.user(mailbox.partition, mailbox.user), "h1", 2)
    await mailbox.client.xadd(keys.log(mailbox.partition), {"n": 2, "e": b"an envelope"})
    mailbox.catch_up.start(mailbox.socket)
    await asyncio.sleep(1.0)
    assert mailbox.wire.told == [], "the second may have held the projector up"
    await mailbox.hold(1)
    await mailbox.hold(2)
    await mailbox.project()
    await until(lambda: mailbox.wire.told == [1, 2, "caught up"])
    assert await mailbox.expiries() == []


async def test_nothing_is_given_up_while_something_before_it_is_unacknowledged(mailbox: Mailbox) -> None:
    await mailbox.fill(3, 1, 3)
    await mailbox.project()
    mailbox.catch_up.start(mailbox.socket)
    await until(lambda: mailbox.wire.told == [1])
    await asyncio.sleep(1.0)
    assert await mailbox.expiries() == []
    assert mailbox.wire.told == [1]


async def test_a_mailbox_that_changed_meanwhile_is_looked_at_again(mailbox: Mailbox) -> None:
    await mailbox.fill(3, 3)
    read = await mailbox.log.mailbox(mailbox.user, 1)
    assert read is not None
    await mailbox.log.acknowledge(mailbox.user, 1, 1, now_ms())
    assert await mailbox.log.give_up(mailbox.user, 1, 2, read) is False
    assert await mailbox.log.give_up(uuid4(), 1, 2, read) is False, "nor one of somebody who is gone"
    assert await mailbox.expiries() == []


async def test_without_the_projector_nothing_is_given_up(mailbox: Mailbox) -> None:
    await mailbox.fill(1)
    mailbox.catch_up.start(mailbox.socket)
    await asyncio.sleep(1.0)
    assert await mailbox.expiries() == []
