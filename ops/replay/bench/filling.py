"""Fills an empty log and its archive in bulk.

Each process has partitions of its own. It writes the commands in the form that the server reads, asks for no
replies, and counts the entries in the log at the end. The code of the retention worker archives and trims
what goes to the archive as soon as it is written, so the log never holds much more than it is to keep.
"""

import asyncio
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg
from psycopg_pool import AsyncConnectionPool
from redis import Redis

from ops.errors import OperatorError
from ops.replay.bench import tables
from ops.replay.bench.histories import ABSENT_EVERY, DEVICE, Person
from schema import codec, keys, servers
from schema.partitions import partition_of
from schema.positions import START, Position
from schema.settings import Settings
from workers.archive.beginning import begin_archive
from workers.projector.digests import DIGEST, Row, digest
from workers.retention.trimming import Trimmer

SPAN_MS: Final = 25 * 24 * 3_600_000
"""The history's length: nothing in it is old enough to expire."""
CHUNK: Final = 100_000
"""Entries between two rounds of archiving."""
BATCH: Final = 500
"""Entries that the projector reads at once."""
BUFFER: Final = 512 * 1024
SEED: Final = 9


class Size(msgspec.Struct, frozen=True):
    """Of the whole bench. `archived`: per cent of the entries that are in the archive alone."""

    entries: int
    users: int
    body: int
    archived: int
    partitions: int


class Share(msgspec.Struct, frozen=True):
    """One process's part: some of the partitions. `begin`: the time of the first entry (ms)."""

    settings: Settings
    size: Size
    only: tuple[int, ...]
    begin: int


class Filled(msgspec.Struct, frozen=True):
    """A partition that was filled: its entries, and the position of the last."""

    entries: int
    last: Position


def fill(share: Share) -> dict[int, Filled]:
    """Writes the share's log and archive, and its people's rows. Raises OperatorError for lost entries."""
    partitions = {number: _Partition(share, number) for number in share.only}
    for user, absent in _users(share.size):
        number = partition_of(user, share.size.partitions)
        if number in partitions:
            partitions[number].add(user, absent=absent)
    assert share.settings.log_url
    assert share.settings.database_url
    with Redis.from_url(servers.plain(share.settings.log_url)) as client:
        while left := [one for one in partitions.values() if one.left]:
            for one in left:
                _write(client, one.entries(CHUNK))
            if any(one.archivable for one in left):
                asyncio.run(_archive(share.settings, {one.number: one.archivable for one in left}))
        for one in partitions.values():
            _write(client, one.rest())
            one.end_batch()
            arrived = client.xinfo_stream(keys.log(one.number))["entries-added"]
            if arrived != one.written:
                raise OperatorError(f"{keys.log(one.number)} has {arrived} of {one.written} entries.")
            with client.pipeline(transaction=False) as piece:
                for person in one.people:
                    if person.expired:
                        name = keys.user(one.number, person.user)
                        piece.hset(name, f"e{DEVICE}", person.expired)
                piece.execute()
    with psycopg.connect(share.settings.database_url) as database:
        tables.copy(database, [person for one in partitions.values() for person in one.people])
        tables.copy_digests(database, {one.number: one.digests for one in partitions.values()})
    return {number: Filled(one.written, one.last) for number, one in partitions.items()}


class _Partition:
    """The people of one partition, and how far their history was written."""

    def __init__(self, share: Share, number: int) -> None:
        self.number = number
        self.people: list[Person] = []
        self.left = share.size.entries // share.size.partitions
        self.written = 0
        self.last = START
        self.digests: list[Row] = []
        """The projector's, of batches of BATCH entries; none of what is archived."""
        self._batch = bytearray()
        self._archived = self.left * share.size.archived // 100
        self._begin = share.begin
        self._step = max(1, SPAN_MS // max(1, self.left))
        self._random = Random(SEED + number)  # noqa: S311 - no secrets
        self._body = share.size.body
        self._next = 0
        name = keys.log(number).encode()
        self._numbered = b"*7\r\n$4\r\nXADD\r\n$%d\r\n%b\r\n" % (len(name), name)
        self._plain = b"*5\r\n$4\r\nXADD\r\n$%d\r\n%b\r\n" % (len(name), name)

    @property
    def archivable(self) -> Position:
        """Up to there the entries are to be in the archive alone; START for none."""
        return self.last if self.written <= self._archived else START

    def add(self, user: UUID, *, absent: bool) -> None:
        """One more person."""
        self.people.append(Person(user, self._random, absent=absent, body=self._body))

    def entries(self, most: int) -> Iterator[bytes]:
        """The commands that append the next entries: a piece ends where the archive is to end."""
        if not self.people:
            self.left = 0
            return
        to_archive = self._archived - self.written
        for _ in range(min(most, self.left, to_archive if to_archive > 0 else most)):
            self.left -= 1
            yield self._say(self.people[self._next])
            self._next = (self._next + 1) % len(self.people)

    def rest(self) -> Iterator[bytes]:
        """What some have begun to say, such as a prekey that is taken after an envelope."""
        for person in self.people:
            while person.is_due:
                yield self._say(person)

    def _say(self, person: Person) -> bytes:
        at = self._begin + self.written * self._step
        self.written += 1
        self.last = Position(at, 0)
        seq, event = person.next(at)
        data, position = codec.encode(event), b"%d-0" % at
        self._read(digest(position, b"" if seq is None else b"%d" % seq, data))
        if seq is None:
            return b"%b$%d\r\n%b\r\n$1\r\ne\r\n$%d\r\n%b\r\n" % (
                self._plain, len(position), position, len(data), data,
            )  # fmt: skip
        number = b"%d" % seq
        return b"%b$%d\r\n%b\r\n$1\r\nn\r\n$%d\r\n%b\r\n$1\r\ne\r\n$%d\r\n%b\r\n" % (
            self._numbered, len(position), position, len(number), number, len(data), data,
        )  # fmt: skip

    def _read(self, found: bytes) -> None:
        """The newest entry is projected."""
        if self.written <= self._archived:
            self.digests = [Row(START, self.last, None)]
            return
        self._batch += found
        if len(self._batch) == BATCH * DIGEST:
            self.end_batch()

    def end_batch(self) -> None:
        """The projector commits what it read."""
        if self._batch:
            after = self.digests[-1].upto if self.digests else START
            self.digests.append(Row(after, self.last, bytes(self._batch)))
            self._batch.clear()


def _users(size: Size) -> Iterator[tuple[UUID, bool]]:
    """Everybody, and whether they are absent; the same in every process."""
    random = Random(SEED)  # noqa: S311 - as above
    for number in range(size.users):
        yield UUID(bytes=random.randbytes(16), version=4), number % ABSENT_EVERY == 0


def _write(client: Any, commands: Iterable[bytes]) -> None:
    """Sends the commands; returns when the server has done them."""
    connection = client.connection_pool.get_connection()
    try:
        connection.send_packed_command([b"CLIENT REPLY OFF\r\n"], check_health=False)
        parts, length = [], 0
        for command in commands:
            parts.append(command)
            length += len(command)
            if length > BUFFER:
                connection.send_packed_command([b"".join(parts)], check_health=False)
                parts, length = [], 0
        connection.send_packed_command([b"".join(parts), b"CLIENT REPLY ON\r\n"], check_health=False)
        connection.read_response()
    finally:
        client.connection_pool.release(connection)


async def _archive(settings: Settings, upto: dict[int, Position]) -> None:
    """As the retention worker does when the log needs room."""
    assert settings.log_url
    assert settings.database_url
    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
        settings.database_url, open=False, min_size=1, max_size=2
    )
    async with servers.client(settings.log_url) as log, pool as database:
        archivist = await begin_archive(settings, database, log)
        assert archivist is not None
        trimmer = Trimmer(database, log, archivist)
        for partition, last in upto.items():
            while (await archivist.head(partition)).last < last:
                await trimmer.trim_oldest(partition, last.next())
