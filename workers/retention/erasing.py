"""Erasing: what log, quarantine and the archive's ciphertexts hold of an account that was deleted goes.

Invariant: an entry goes only once all have read its account's deletion (`workers.retention.boundary`): what
it said is void by then, and nobody misses it. The deletion itself stays. The record of whom to erase was made
in one step with the deletion, and is taken back when nothing is left: a worker that dies in between leaves
its work to the next (ops/decisions/2026-11-25-a-deleted-account-leaves-the-log.md).
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import structlog

from schema import checkpoints, codec, functions, keys
from schema.events import AccountDeleted
from schema.positions import Position
from workers import metrics
from workers.archive import bodies
from workers.archive.store import Store
from workers.retention.boundary import ReaderMissing, boundary

log = structlog.get_logger(__name__)

STEP: Final = 100
"""So many entries are looked at, or erased, in one command: the log serves nobody else meanwhile."""

Deletions = dict[UUID, Position]
"""Where the deletion of each account stands; what it had before that is to go."""


async def erase(database: Any, log_client: Any, partitions: int, archive: Store | None = None) -> int:
    """Erases the accounts whose deletion all have read, a partition's at once; how many entries went."""
    async with database.connection() as connection:
        projected = await checkpoints.read_all(connection, keys.PROJECTOR)
    erased = 0
    for partition in range(partitions):
        deletions = await _due(log_client, partition, projected)
        if not deletions:
            continue
        newest = f"({max(deletions.values())}"
        count = await _erase(log_client, keys.log(partition), newest, deletions)
        count += await _erase(log_client, keys.quarantine(partition), "+", deletions)
        if archive is not None:
            count += await bodies.erase(archive, partition, deletions)
        await _take_back(log_client, partition, deletions)
        metrics.ERASED.labels(partition).inc(count)
        log.info("accounts_erased", partition=partition, accounts=len(deletions), entries=count)
        erased += count
    return erased


async def _due(log_client: Any, partition: int, projected: Mapping[int, Position]) -> Deletions:
    recorded = await log_client.hgetall(keys.deleted(partition))
    if not recorded:
        return {}
    try:
        limit = await boundary(log_client, partition, projected)
    except ReaderMissing:
        return {}  # trimming says so, loudly
    deletions = {UUID(user.decode()): Position.parse(position) for user, position in recorded.items()}
    return {user: position for user, position in deletions.items() if position < limit}


async def _erase(log_client: Any, stream: str, end: str, deletions: Deletions) -> int:
    erased, start = 0, "-"
    while rows := await log_client.xrange(stream, start, end, count=STEP):
        gone = [entry for entry, fields in rows if _is_void(entry, fields, deletions)]
        if gone:
            erased += await log_client.xdel(stream, *gone)
        start = f"({rows[-1][0].decode()}"
    return erased


def _is_void(entry: bytes, fields: Mapping[bytes, bytes], deletions: Deletions) -> bool:
    """Whether its account's deletion came after the entry. What came later is not void: the deletion may have
    stopped half-way, and the account was used again."""
    user = _whose(fields)
    deletion = None if user is None else deletions.get(user)
    if deletion is None:
        return False
    return Position.parse(fields.get(b"position", entry)) < deletion  # the quarantine tells where it stood


def _whose(fields: Mapping[bytes, bytes]) -> UUID | None:
    """The account that goes with the entry; None for a deletion, which stays, and when nobody can say."""
    try:
        event, _ = codec.decode_entry(fields)
    except codec.UndecodableEntry:
        return codec.user_of(fields)
    return None if isinstance(event, AccountDeleted) else event.user


async def _take_back(log_client: Any, partition: int, deletions: Deletions) -> None:
    pairs = [(str(user), str(position)) for user, position in deletions.items()]
    for begin in range(0, len(pairs), STEP):
        arguments = [part for pair in pairs[begin : begin + STEP] for part in pair]
        await functions.call(log_client, "workers", "erased", [keys.deleted(partition)], arguments)
