"""A log and a database filled through the relay's own functions and the real projector, and copies of either,
as an operator would restore them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self
from uuid import UUID, uuid4

from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from ops.log_repair.fitness import begin_on
from relay.identity.directory import Directory
from relay.log.mailbox_log import MailboxLog
from relay.log.replies import Mailbox
from schema import codec, functions, keys, log_identity, servers, tasks
from schema.clock import now_ms
from schema.events import Prekey, SignedPrekey
from schema.link import Link
from schema.log_identity import place
from schema.partitions import partition_of
from schema.prekeys import EC, Kind
from schema.tables import metadata
from schema.wire_socket import OutgoingEnvelope, Send
from workers.batches import Pace
from workers.consumer import Consumer
from workers.projector.projection import Projection
from workers.sources import log_source

PARTITIONS = 2
SENDER = uuid4()
QUICK = Pace(block_seconds=0.05)

LogCopy = dict[bytes, bytes]
DatabaseCopy = dict[str, list[tuple[Any, ...]]]


def _kem(number: int) -> SignedPrekey:
    return SignedPrekey(number, b"\x08" + bytes([number % 250]) * 1568, b"s" * 64)


class LogAndDatabase:
    """Both, with one device for every user."""

    def __init__(
        self, client: Any, link: Link, database: "AsyncConnectionPool[Any]", log_url: str, url: str
    ) -> None:
        self.client = client
        self.database = database
        self.begin = begin_on(url)
        self.directory = Directory(client, PARTITIONS)
        self.mailboxes = MailboxLog(
            link, partitions=PARTITIONS, capacity=100, install=lambda: functions.install(client, "relay"),
            now=now_ms,
        )  # fmt: skip
        self._connect = log_url
        self._keys = 0

    @classmethod
    @asynccontextmanager
    async def on(cls, log_url: str, database_url: str) -> AsyncIterator[Self]:
        client = servers.client(log_url)
        await functions.install(client, "relay")
        await functions.install(client, "workers")
        link = Link(log_url, name="log")
        await link.start()
        try:
            async with AsyncConnectionPool(database_url, min_size=1, open=False, timeout=5.0) as database:
                yield cls(client, link, database, log_url, database_url)
        finally:
            await link.close()
            await client.aclose()

    async def settle(self) -> UUID:
        """What a process does before it begins."""
        return await log_identity.settle(self.client, self.begin, PARTITIONS)

    async def person(self, *, prekeys: int = 3, kem: int = 0) -> UUID:
        """An account with an active device; with `kem`, a last resort and so many one-time KEM prekeys."""
        user = uuid4()
        await self.execute("INSERT INTO users VALUES (%s, %s, 'hash', 1, 1000)", user, f"u{str(user)[:8]}")
        offered = tuple(Prekey(number, b"\x05" + bytes([number]) * 32) for number in range(1, prekeys + 1))
        key, signed = b"\x05" + user.bytes * 2, SignedPrekey(1, b"\x05" * 33, b"s" * 64)
        await self.directory.publish(
            user,
            1,
            key,
            7,
            signed,
            offered,
            replace=False,
            last_device=1,
            at=now_ms(),
            kem_prekey=_kem(1000) if kem else None,
            kem_prekeys=tuple(_kem(one + 1) for one in range(kem)),
        )
        return user

    async def send(self, to: UUID, *, times: int = 1, body: bytes = b"sealed") -> int:
        """The last number that was given."""
        seq = 0
        for _ in range(times):
            send = Send(uuid4(), to, [OutgoingEnvelope(1, 7, "message", body)])
            ((_, seq),) = (await self.mailboxes.accept(SENDER, 1, send, now_ms())).seqs
        return seq

    async def acknowledge(self, user: UUID, upto: int) -> None:
        await self.mailboxes.acknowledge(user, 1, upto, now_ms())

    async def sizes(self, user: UUID) -> tuple[bytes | None, list[int]]:
        """What the log notes of the bytes that are owed, and their sizes."""
        partition = partition_of(user, PARTITIONS)
        noted = await self.client.hget(keys.user(partition, user), "o1")
        return noted, [int(size) for size in await self.client.lrange(keys.owed(partition, user, 1), 0, -1)]

    async def mailbox(self, user: UUID) -> Mailbox | None:
        return await self.mailboxes.mailbox(user, 1)

    async def project(self) -> None:
        """The projector reads everything there is."""
        stopping = asyncio.Event()
        runs = [
            asyncio.create_task(
                Consumer(
                    log_source(keys.PROJECTOR, partition), Projection(self.database, partition),
                    lambda: servers.client(self._connect), lambda: Link(self._connect, name="log"),
                    "test", QUICK,
                ).run(stopping)
            )
            for partition in range(PARTITIONS)
        ]  # fmt: skip
        try:
            async with asyncio.timeout(10):
                while not await self._is_projected():  # noqa: ASYNC110 - the database tells nobody
                    await asyncio.sleep(0.02)
        finally:
            stopping.set()
            await asyncio.wait(runs, timeout=2)
            await tasks.end([run for run in runs if not run.done()])

    async def _is_projected(self) -> bool:
        positions = await self.rows("SELECT partition, position FROM checkpoints")
        at = {partition: place(position) for partition, position in positions}
        ends = [await log_identity.read_end(self.client, partition) for partition in range(PARTITIONS)]
        return all(at.get(partition, (0, 0)) >= end for partition, end in enumerate(ends))

    async def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        async with self.database.connection() as connection:
            return await (await connection.execute(query, values)).fetchall()  # type: ignore[arg-type]

    async def execute(self, query: str, *values: Any) -> None:
        async with self.database.connection() as connection:
            await connection.execute(query, values)  # type: ignore[arg-type]

    async def owed(self, user: UUID) -> list[int]:
        """The numbers that wait in the database."""
        return [
            seq
            for (seq,) in await self.rows("SELECT seq FROM envelopes WHERE user_id = %s ORDER BY seq", user)
        ]

    async def taken(self, user: UUID, kind: Kind = EC) -> list[int]:
        """The prekeys that the log says are taken, one for each time it says so."""
        entries = await self.client.xrange(keys.log(partition_of(user, PARTITIONS)))
        events = [codec.decode_entry(fields)[0] for _, fields in entries]
        return [event.prekey_id for event in events if isinstance(event, kind.taken) and event.user == user]

    async def copy_of_log(self) -> LogCopy:
        """A backup of the log."""
        return {name: await self.client.dump(name) for name in await self.client.keys()}

    async def restore_log(self, copy: LogCopy) -> None:
        """The log is as it was."""
        await self.client.flushall()
        for name, value in copy.items():
            await self.client.restore(name, 0, value)

    async def copy_of_database(self) -> DatabaseCopy:
        """A backup of the database."""
        return {
            table.name: await self.rows(f"SELECT * FROM {table.name}") for table in metadata.sorted_tables
        }

    async def restore_database(self, copy: DatabaseCopy) -> None:
        """The database is as it was."""
        async with self.database.connection() as connection:
            for name in reversed(list(copy)):
                await connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
            for name, rows in copy.items():
                for row in rows:
                    places = sql.SQL(", ").join(sql.Placeholder() * len(row))
                    insert = sql.SQL("INSERT INTO {} VALUES ({})").format(sql.Identifier(name), places)
                    await connection.execute(insert, row)
