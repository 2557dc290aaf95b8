"""Two projections side by side: table by table, row by row in the order of their keys, in bounded memory.

Both are read in one snapshot each, at the same checkpoints. What may differ all the same is counted apart:
a one-time prekey that a node took before the projection heard of it, and marks of used prekeys of closed
devices, which retention clears.
"""

from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import msgspec

from schema.positions import START
from schema.prekeys import KINDS
from workers.projector import digests as entry_digests
from workers.replay import rows
from workers.replay.comparison import KEY_LENGTH
from workers.replay.rows import SELECTS, Row

USED: Final = tuple(kind.used for kind in KINDS)
WAITING: Final = {kind.waiting: kind.used for kind in KINDS}
SHOWN: Final = 10
TABLE: Final = "entry_digests"
PARTITIONS: Final = f"SELECT DISTINCT partition FROM {TABLE} ORDER BY partition"  # noqa: S608
CLOSED: Final = "SELECT user_id, device_id FROM devices WHERE closed_at IS NOT NULL"


class Likeness(msgspec.Struct, kw_only=True):
    """One table. Digests are over the rows that must be the same; `differing` names the first few keys."""

    table: str
    live: int = 0
    rebuilt: int = 0
    live_digest: str = ""
    rebuilt_digest: str = ""
    excused: int = 0
    different: int = 0
    differing: list[str] = []

    @property
    def same(self) -> bool:
        """Whether no row differs."""
        return self.different == 0


async def compare(
    live: Any, rebuilt: Any, whose: Callable[[UUID], bool] = lambda _user: True
) -> AsyncIterator[Likeness]:
    """Every table of the projection; of the users that `whose` lets through."""
    closed = {row async for row in _all(rebuilt, CLOSED, whose)}
    taken: dict[str, set[Row]] = {table: set() for table in USED}
    for table in (*USED, *(table for table in SELECTS if table not in USED)):
        found = Likeness(table=table)
        digests = sha256(), sha256()
        async for one, other in _pairs(live, rebuilt, table, whose):
            found.live += one is not None
            found.rebuilt += other is not None
            if _excused(table, one, other, closed, taken):
                found.excused += 1
                continue
            for digest, row in zip(digests, (one, other), strict=True):
                if row is not None:
                    digest.update(repr(_told(table, row)).encode())
            if (one and _told(table, one)) != (other and _told(table, other)):
                found.different += 1
                if len(found.differing) < SHOWN:
                    found.differing.append(_name(table, one, other))
        if table in WAITING:
            left = taken[WAITING[table]]
            found.different += len(left)
            found.differing += [
                f"{' '.join(map(str, key))} (was taken, not offered)" for key in list(left)[:SHOWN]
            ]
        found.live_digest, found.rebuilt_digest = (digest.hexdigest() for digest in digests)
        yield found
    yield await _of_entries(live, rebuilt)


async def _of_entries(live: Any, rebuilt: Any) -> Likeness:
    """Whether the entries that were read now are those that were projected. Counted are the digests that the
    rebuilt has, and those of them that the live database has. What was trimmed or erased since, it alone
    has."""
    found, sums = Likeness(table=TABLE), [0, 0]
    partitions = await (await rebuilt.execute(PARTITIONS)).fetchall()
    for (partition,) in partitions:
        rows = entry_digests.every(live, partition)
        row, known, unknown_upto = await anext(rows, None), set[bytes](), START
        async for mine in entry_digests.every(rebuilt, partition):
            while row is not None and row.after < mine.upto:
                if row.digests is None:
                    unknown_upto = row.upto
                elif mine.digests is not None or row.upto > mine.upto:
                    known.update(entry_digests.split(row.digests))
                row = await anext(rows, None)
            of_row = set(entry_digests.split(mine.digests or b""))
            both = of_row & known
            known -= both
            if len(both) < len(of_row) and unknown_upto <= mine.after:
                found.different += len(of_row) - len(both)
                found.differing.append(f"partition {partition} behind {mine.after}, up to {mine.upto}")
            else:
                of_row = both
            for number, some in enumerate((both, of_row)):
                sums[number] += sum(int.from_bytes(digest) for digest in some)
            found.live += len(both)
            found.rebuilt += len(of_row)
    del found.differing[SHOWN:]
    found.live_digest, found.rebuilt_digest = (f"{number % 2**128:032x}" for number in sums)
    return found


def _told(table: str, row: Row) -> Row:
    """The columns that must be equal: not the time of taking a prekey (see `workers.replay.comparison`)."""
    return row[:-1] if table in USED else row


def _excused(
    table: str, live: Row | None, rebuilt: Row | None, closed: set[Row], taken: dict[str, set[Row]]
) -> bool:
    """`taken` collects, per table of marks, those that only the live database has; each excuses its prekey,
    which only the rebuilt has."""
    present = live or rebuilt
    assert present is not None
    if table in USED:
        if present[:2] in closed:
            return True
        if rebuilt is None:
            taken[table].add(present[:3])
            return True
    if table in WAITING and live is None and present[:3] in taken[WAITING[table]]:
        taken[WAITING[table]].discard(present[:3])
        return True
    return False


def _name(table: str, live: Row | None, rebuilt: Row | None) -> str:
    row = live or rebuilt
    assert row is not None
    key = " ".join(
        part.hex()[:16] if isinstance(part, bytes) else str(part) for part in row[: KEY_LENGTH[table]]
    )
    return f"{key} ({'only live' if rebuilt is None else 'only rebuilt' if live is None else 'differs'})"


async def _pairs(
    live: Any, rebuilt: Any, table: str, whose: Callable[[UUID], bool]
) -> AsyncIterator[tuple[Row | None, Row | None]]:
    """The rows of both, those with the same key together."""
    length = KEY_LENGTH[table]
    ordered = f"{SELECTS[table]} ORDER BY {', '.join(str(column) for column in range(1, length + 1))}"
    ones, others = _all(live, ordered, whose), _all(rebuilt, ordered, whose)
    one, other = await anext(ones, None), await anext(others, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one[:length] < other[:length]):
            yield one, None
            one = await anext(ones, None)
        elif one is None or other[:length] < one[:length]:
            yield None, other
            other = await anext(others, None)
        else:
            yield one, other
            one, other = await anext(ones, None), await anext(others, None)


async def _all(connection: Any, select: str, whose: Callable[[UUID], bool]) -> AsyncIterator[Row]:
    async with connection.cursor(name=f"replay_{abs(hash(select))}", binary=True) as cursor:
        cursor.itersize = rows.AT_ONCE
        await cursor.execute(select)
        async for row in cursor:
            if whose(row[0]):
                yield row
