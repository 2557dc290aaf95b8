"""A mailbox in the directory, the log and Postgres that a test fills by hand, and its device's socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self
from uuid import uuid4

import msgspec

from relay import database as databases
from relay.database import transaction
from relay.delivery.catch_up import CatchUp
from relay.delivery.live import LiveSocket
from relay.log.mailbox_log import MailboxLog
from schema import codec, functions, keys, servers
from schema.clock import now_ms
from schema.events import EnvelopesExpired
from schema.link import Link
from schema.partitions import partition_of

PARTITIONS = 4


class Wire:
    """A connection: the numbers and notices that went out, in order."""

    sid = "s"
    unsent = 0
    room = 1 << 30

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
        elif event == "session.ended":
            self.told.append(payload["reason"])

    def close(self) -> None:
        """Nobody is here to be called back."""

    def when_received(self, then: Any) -> None:
        """Nothing is remembered here."""


class OneMailbox:
    """The owed numbers are those above the cursor, as `fill` and `hold` put them down."""

    def __init__(self, client: Any, link: Link, database: databases.Database) -> None:
        self.user = uuid4()
        self.client = client
        self.database = database
        self.partition = partition_of(self.user, PARTITIONS)
        self.log = MailboxLog(
            link, partitions=PARTITIONS, capacity=100, install=lambda: functions.install(client, "relay"),
            now=now_ms,
        )  # fmt: skip
        self.catch_up = CatchUp(self.log, database, uuid4())
        self.wire = Wire()
        wire: Any = self.wire
        self.socket = LiveSocket(wire, self.user, 1, uuid4(), now_ms() + 60_000)

    @classmethod
    @asynccontextmanager
    async def on(cls, log_url: str, database_url: str) -> AsyncIterator[Self]:
        client = servers.client(log_url)
        await functions.install(client, "relay")
        link = Link(log_url, name="log")
        await link.start()
        async with databases.Database(database_url) as database:
            made = cls(client, link, database)
            yield made
            made.socket.ended = True
            await made.catch_up.close()
        await link.close()
        await client.aclose()

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
        self.socket.window.settle(upto)

    async def expiries(self) -> list[tuple[int, int]]:
        found = []
        for _, fields in await self.client.xrange(keys.log(self.partition)):
            if fields[b"e"] != b"an envelope":
                event, seq = codec.decode_entry(fields)
                found += [(seq, event.count)] if isinstance(event, EnvelopesExpired) else []
        return found
