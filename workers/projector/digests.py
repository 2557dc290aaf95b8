"""The table `entry_digests`: a digest of every entry that the projector read, for as long as the log has it.

Invariant: the rows of a partition join without a gap and end at the checkpoint, as one statement moves it and
writes them. So an entry up to the checkpoint of which no row has the digest is not what was projected. A row
without digests says that none were kept (an earlier version projected, or the entries came from the archive).
A small batch is appended to the newest row.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from hashlib import sha256
from typing import Any, Final, NamedTuple, Self

import msgspec

from schema import codec, keys
from schema.checkpoints import COMPARE_AND_SET
from schema.positions import START, Position

DIGEST: Final = 16
APPENDED_BYTES: Final = 100 * DIGEST
"""Of a row that is appended to, at most: a larger one would leave its page at every batch."""
READ_AT_ONCE: Final = 32

COLUMNS: Final = "partition, after_ms, after_n, upto_ms, upto_n, digests"
INSERT: Final = f"""
    WITH moved AS ({COMPARE_AND_SET} RETURNING partition)
    INSERT INTO entry_digests ({COLUMNS})
    SELECT partition, %s::bigint, %s::bigint, %s::bigint, %s::bigint, %s::bytea FROM moved
"""  # noqa: S608 - the names stand above
APPEND: Final = f"""
    WITH moved AS ({COMPARE_AND_SET} RETURNING partition)
    UPDATE entry_digests SET upto_ms = %s, upto_n = %s, digests = digests || %s::bytea
      FROM moved WHERE entry_digests.partition = moved.partition AND after_ms = %s AND after_n = %s
"""  # noqa: S608
"""Both move the checkpoint, and write nothing if it is elsewhere."""
SELECT_LAST: Final = """
    SELECT after_ms, after_n, upto_ms, upto_n, length(digests) FROM entry_digests WHERE partition = %s
     ORDER BY after_ms DESC, after_n DESC LIMIT 1
"""
DELETE_AHEAD: Final = "DELETE FROM entry_digests WHERE partition = %s AND (upto_ms, upto_n) > (%s, %s)"
ADD_LATE: Final = """
    UPDATE entry_digests SET digests = digests || %(digest)s
     WHERE partition = %(partition)s AND (after_ms, after_n) =
           (SELECT after_ms, after_n FROM entry_digests
             WHERE partition = %(partition)s AND (after_ms, after_n) < (%(ms)s, %(n)s)
             ORDER BY after_ms DESC, after_n DESC LIMIT 1)
       AND position(%(digest)s IN digests) = 0
"""
SELECT_NEXT: Final = """
    SELECT after_ms, after_n, upto_ms, upto_n, digests FROM entry_digests
     WHERE partition = %s AND (after_ms, after_n) >= (%s, %s) AND (upto_ms, upto_n) > (%s, %s)
     ORDER BY after_ms, after_n LIMIT %s
"""
DELETE_UPTO: Final = """
    DELETE FROM entry_digests
     WHERE partition = %(partition)s AND (after_ms, after_n) < (%(ms)s, %(n)s)
       AND (upto_ms, upto_n) <= (%(ms)s, %(n)s)
       AND (after_ms, after_n) < (SELECT after_ms, after_n FROM entry_digests
                                   WHERE partition = %(partition)s
                                   ORDER BY after_ms DESC, after_n DESC LIMIT 1)
"""
"""The newest row stays: its projector may append to it."""


def digest(position: bytes, number: bytes, event: bytes) -> bytes:
    """Of a stream entry: its position, its mailbox number (empty for none) and its encoded event."""
    return sha256(b" ".join((position, number, event))).digest()[:DIGEST]


def of_entry(position: Position, fields: Mapping[bytes, bytes]) -> bytes:
    """The digest of an entry with these fields."""
    number, event = fields.get(codec.SEQ_FIELD, b""), fields.get(codec.EVENT_FIELD, b"")
    return digest(b"%d-%d" % position, number, event)


class Row(NamedTuple):
    """The entries in (`after`, `upto`]; `digests` of DIGEST bytes each, None where none were kept."""

    after: Position
    upto: Position
    digests: bytes | None


class Newest(msgspec.Struct, frozen=True):
    """The newest row: `size` of its digests, None where it has none. The next batch begins at `upto`. By
    default: there is no row yet."""

    after: Position = START
    upto: Position = START
    size: int | None = APPENDED_BYTES + 1

    @classmethod
    async def read(cls, connection: Any, partition: int, checkpoint: Position) -> Self:
        """As of the checkpoint. Where rows and checkpoint part (an earlier version projected meanwhile, or
        somebody moved the checkpoint), the stretch between them is put down as one without digests."""
        await connection.execute(DELETE_AHEAD, (partition, *checkpoint))
        row = await (await connection.execute(SELECT_LAST, (partition,))).fetchone()
        found = cls() if row is None else cls(Position(*row[:2]), Position(*row[2:4]), row[4])
        if found.upto == checkpoint:
            return found
        newest = await found.followed_by(connection, partition, (checkpoint, checkpoint), None)
        assert newest is not None, "the checkpoint is held"
        return newest

    async def followed_by(
        self, connection: Any, partition: int, moves: tuple[Position, Position], digests: bytes | None
    ) -> Self | None:
        """Moves the checkpoint as `moves` says, and writes the digests of the entries that this passes. The
        newest row then, if the transaction commits; None when the checkpoint is elsewhere."""
        if digests is None:
            grows, size = self.size is None, None
        else:
            grows = self.size is not None and self.size + len(digests) <= APPENDED_BYTES
            size = (self.size or 0) + len(digests) if grows else len(digests)
        known, upto = moves
        move = (str(upto), keys.PROJECTOR, partition, str(known))
        if grows:
            done = await connection.execute(APPEND, (*move, *upto, digests, *self.after))
        else:
            done = await connection.execute(INSERT, (*move, *self.upto, *upto, digests))
        return type(self)(self.after if grows else self.upto, upto, size) if done.rowcount else None


async def add_late(connection: Any, partition: int, position: Position, entry: bytes) -> None:
    """The digest of an entry that was set aside and is projected after all; once, however often it is."""
    columns = {"partition": partition, "ms": position.ms, "n": position.n, "digest": entry}
    await connection.execute(ADD_LATE, columns)


async def read(connection: Any, partition: int, begin: Position, after: Position) -> list[Row]:
    """The next rows, in order: those that begin at or after `begin` and reach beyond `after`."""
    columns = (partition, *begin, *after, READ_AT_ONCE)
    rows = await (await connection.execute(SELECT_NEXT, columns)).fetchall()
    return [Row(Position(*row[:2]), Position(*row[2:4]), row[4]) for row in rows]


async def every(connection: Any, partition: int, after: Position = START) -> AsyncIterator[Row]:
    """All rows that reach beyond `after`, in order."""
    row = START
    while found := await read(connection, partition, row, after):
        for one in found:
            yield one
        row, after = found[-1].after, found[-1].upto


async def forget(connection: Any, trimmed: Mapping[int, Position]) -> int:
    """Deletes the rows of what was trimmed off each partition, up to there, but for the newest; how many."""
    gone = 0
    for partition, upto in trimmed.items():
        columns = {"partition": partition, "ms": upto.ms, "n": upto.n}
        gone += (await connection.execute(DELETE_UPTO, columns)).rowcount
    return gone


def split(digests: bytes) -> Iterable[bytes]:
    """One by one."""
    return [digests[at : at + DIGEST] for at in range(0, len(digests), DIGEST)]
